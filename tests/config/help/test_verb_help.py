import re

import pytest

from rmexp.config.help.verb_help import verb_help
from rmexp.config.tree import verbs

NAME = r"^  (\S+=\S*)"


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("verb", verbs())
def test_nothing_but_commands_and_values_is_wider_than_the_terminal(verb):
    wide = [line for line in verb_help(verb).splitlines() if len(line) > 80 and "rmexp " not in line]
    assert not [line for line in wide if len(line.split()) > 1]


def test_choices_and_keys_follow_the_overrides():
    told = verb_help("train", ["data=jsonl", "trainer.keep=last"])
    assert re.search(r"^  data  .*\[jsonl\]", told, re.MULTILINE | re.DOTALL)
    assert re.search(r"^  data/format  .*\[columns\]", told, re.MULTILINE | re.DOTALL)
    assert re.search(r"^  data.path=\?\?\? +a file, a pattern", told, re.MULTILINE)
    assert "(default best)" in told
    assert told.count("\n  rmexp train ") == 4


def test_what_only_hands_on_a_key_is_left_out():
    names = re.findall(NAME, verb_help("train"), re.MULTILINE)
    assert "logger.mode=null" in names
    assert not [name for name in names if name.startswith(("logger.wandb", "task="))]
    assert len(names) == len(set(names))


def test_a_verb_that_takes_a_bare_folder_says_so_and_one_without_choices_speaks_of_none():
    told = verb_help("report")
    assert "usage: rmexp report [FOLDER] [KEY=VALUE ...]" in told
    assert "GROUP" not in told
    assert "usage: rmexp export [FOLDER] [KEY=VALUE ...]" in verb_help("export")
    other = verb_help("evaluate")
    assert "usage: rmexp evaluate [KEY=VALUE ...]" in other
    assert "Choices are made with GROUP=OPTION" in other


def test_experiments_are_offered_by_the_verbs_that_they_are_for():
    for verb, listed in {"compare": "post rlhf_circle", "train": "post", "inspect": None}.items():
        found = re.search(r"^  experiment +(.+)$", verb_help(verb), re.MULTILINE)
        assert (found and found[1]) == listed
