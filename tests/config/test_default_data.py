import logging

import pytest

from rmexp.config.default_data import tell_default_data


@pytest.mark.parametrize("verb", ["train", "evaluate"])
def test_data_that_nobody_named_is_told(caplog, verb):
    with caplog.at_level(logging.INFO, "rmexp"):
        tell_default_data(verb, ["task=reward", "data.pairs=40"], None)
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
        tell_default_data(verb, [given], None)
    assert not caplog.messages
