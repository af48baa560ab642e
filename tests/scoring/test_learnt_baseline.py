import random

import numpy as np
import pytest

from rmexp.jsonl import BadRow, write_rows
from rmexp.scoring.learnt_baseline import labelled_pairs, learnt_measure


@pytest.fixture
def file(tmp_path):
    """Responses of which those with `please` win, those with `never` lose, and the first word says nothing."""
    rng, rows = random.Random(0), []
    for i in range(150):
        good, bad = f"{rng.choice('ab')} please {rng.choice('xyz')}", f"{rng.choice('ab')} never {rng.choice('xyz')}"
        chosen, rejected, target = (good, bad, 1.0) if i % 3 else (bad, good, 0.0)
        rows.append({"prompt": f"p{i}", "chosen": chosen, "rejected": rejected, "target": target})
    write_rows(tmp_path / "pairs.jsonl", rows)
    return tmp_path / "pairs.jsonl"


def test_words_that_win_are_worth_something(file):
    measure = learnt_measure("bag_of_words", labelled_pairs(file), file)
    assert measure("", "please") > 1 > -1 > measure("", "never")
    assert measure("", "Please!") == measure("any prompt", "please")
    assert measure("", "unheard of") == 0.0
    assert measure("", "please please") == pytest.approx(np.sqrt(2) * measure("", "please"))


def test_the_first_word_alone(file):
    measure = learnt_measure("first_token", labelled_pairs(file), file)
    assert measure("", "a please") == measure("", "a never")
    assert abs(measure("", "a") - measure("", "b")) < 0.5


def test_length_is_a_feature_on_request(file):
    kinds = ("bag_of_words", "bag_of_words_length")
    plain, with_length = (learnt_measure(kind, labelled_pairs(file), file) for kind in kinds)
    unknown = "u" * 100
    assert plain("", unknown) == 0.0
    assert with_length("", unknown) != 0.0


def test_what_it_learns_from_must_be_pairs(file, tmp_path):
    few = tmp_path / "few.jsonl"
    few.write_text("".join(file.read_text().splitlines(keepends=True)[:19]))
    with pytest.raises(ValueError, match=r"at least 20 pairs with a preference, got 19 \(set scorer.pairs\)"):
        learnt_measure("bag_of_words", labelled_pairs(few), few)
    few.write_text(file.read_text() + "{}\n")
    with pytest.raises(BadRow, match=r"few.jsonl:151: `prompt` is missing"):
        learnt_measure("bag_of_words", labelled_pairs(few), few)
