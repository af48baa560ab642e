import logging
import sys
from dataclasses import fields

import pytest

from rmexp import ranges
from rmexp.cli import main
from rmexp.config.data_told import UNREAD, tell_data
from rmexp.data.loading import Batching, Limits, SplitRule
from rmexp.data.selection import Selection


@pytest.mark.parametrize("verb", ["train", "evaluate"])
def test_data_that_nobody_named_is_told(caplog, verb):
    with caplog.at_level(logging.INFO, "rmexp"):
        tell_data(verb, ["task=reward", "data.pairs=40"], None)
    assert caplog.messages == [
        f"no data= is given: {verb} takes the built-in data set json_vs_text (data=jsonl data.path=FILE: yours)"
    ]


@pytest.mark.parametrize(
    ("verb", "given"),
    [
        ("train", "data=json_vs_text"),
        ("train", "experiment=post"),
        ("best-of-n", "candidates.path=x"),
        ("report", ""),
        ("score", "input=-"),
    ],
)
def test_data_that_somebody_named_is_not(caplog, verb, given):
    with caplog.at_level(logging.INFO, "rmexp"):
        tell_data(verb, [given], None)
    assert not caplog.messages


def said(caplog, verb, *overrides):
    with caplog.at_level(logging.WARNING, "rmexp"):
        tell_data(verb, ["data=json_vs_text", *overrides], None)
    return caplog.messages


def test_keys_that_a_verb_does_not_read_are_told_in_one_line(caplog):
    shared = ["data.train_pairs=10", "data.label_noise=0,0.1", "data.max_tokens=64", "seed=1"]
    assert said(caplog, "evaluate", *shared, "tests.more.train_pairs=5") == [
        "data.train_pairs, data.label_noise, tests.more.train_pairs have no effect: rmexp evaluate does not read them"
    ]


@pytest.mark.parametrize("verb", ["train", "compare", "report"])
def test_a_verb_that_learns_reads_all(caplog, verb):
    assert not said(caplog, verb, "data.train_pairs=10", "data.split_seed=1")


def test_without_a_data_set_its_keys_are_not_read(caplog):
    assert said(caplog, "score", "prompt=a", "response=b", "data.max_tokens=9", "data.pairs=9") == [
        "data.pairs has no effect: rmexp score does not read it"
    ]
    caplog.clear()
    assert not said(caplog, "best-of-n", "candidates.path=a", "data.trained_on=keep")


RUNS = {
    "evaluate": ["scorer=baseline", "scorer.kind=longer", "slices=[meta.topic]"],
    "score": ["scorer=baseline", "scorer.kind=longer"],
    "inspect": ["scorer=baseline", "scorer.kind=longer", "pairs=20"],
    "filter": ["scorer=baseline", "scorer.kind=longer"],
    "profile": [],
}


@pytest.mark.parametrize("verb", RUNS)
def test_what_is_said_to_be_unread_is_not_read(verb, here, monkeypatch):
    """The attributes of the parts of a data set that a verb looks up, but for the check of their ranges."""
    read = set()

    def looked_up(self, name):
        if sys._getframe(1).f_code.co_filename not in (ranges.__file__, *own):
            read.add(name)
        return object.__getattribute__(self, name)

    own = [sys.modules[part.__module__].__file__ for part in (Limits, Selection)]
    for part in (Limits, Batching, SplitRule, Selection):
        monkeypatch.setattr(part, "__getattribute__", looked_up)
    data = ["data=json_vs_text", "data.pairs=40", "data.unseen_pairs=10", "data.cache_dir=null", "run_dir=run"]
    assert main([verb, *data, *RUNS[verb]]) == 0
    known = {field.name for part in (Limits, Batching, SplitRule, Selection) for field in fields(part)}
    assert UNREAD[verb] <= known - read
    assert ("group" in read) == ("group" not in UNREAD[verb])
