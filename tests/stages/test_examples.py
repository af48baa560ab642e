from types import SimpleNamespace

import pytest

from rmexp.data.loaded import LoadedData
from rmexp.data.loading import Batching, SplitRule
from rmexp.dialogue import Message, response_of
from rmexp.encoding.encode import Encoder
from rmexp.preference_data import PreferenceData
from rmexp.records import Candidates, Preference
from rmexp.stages.examples import encoded_examples
from rmexp.training.data.loader import Passes

VAL = tuple(Preference(f"Question {number // 3}?", f"yes {number}", "no") for number in range(30))
MODULE = SimpleNamespace(learns_from=("pairs", "demonstrations"), packed=True)


@pytest.fixture
def examples(tokenizer, limits, pairs):
    def encoded(most, seed=0, data=None):
        data = data or PreferenceData({"train": pairs, "val": VAL})
        loaded = LoadedData(data, "d", limits, Batching(4, None, None, most), SplitRule(0.2, None, seed), "f")
        return encoded_examples("reward", MODULE, loaded, Encoder(tokenizer, limits), Passes(1, 0))

    return encoded


def test_a_validation_of_more_pairs_than_the_bound_takes_whole_prompts_and_says_so(examples, caplog):
    caplog.set_level("INFO")
    found = examples(9)
    assert "val: 9 of 30 pairs validate during training (data.max_val_pairs); all pairs are scored" in caplog.text
    places = [pair.place for pair in found.val]
    assert places == sorted(places)
    assert len({place // 3 for place in places}) == 3
    assert found.val_clusters.tolist() == [place // 3 for place in places]
    assert found.accounts["val"].pairs == 30
    assert [pair.place for pair in examples(9).val] == places
    assert [pair.place for pair in examples(9, seed=1).val] != places


@pytest.mark.parametrize("most", [None, 30])
def test_nothing_is_said_of_a_bound_that_does_not_bite(examples, caplog, most):
    caplog.set_level("INFO")
    assert len(examples(most).val) == 30
    assert "max_val_pairs" not in caplog.text


def test_demonstrations_are_bound_too(examples):
    shown = tuple(Candidates(f"Question {number}?", (f"yes {number}",)) for number in range(6))
    found = examples(2, data=PreferenceData({}, demonstrations={"train": shown, "val": shown}))
    assert [len(found.train), len(found.val)] == [6, 2]
    assert found.val[0].token_ids in [one.token_ids for one in found.train]


def test_pairs_of_the_same_tokens_are_not_told_to_be_too_long(examples):
    calls = [
        response_of((Message("assistant", "", f'{{"tool_calls": [{{"function": {{"name": "{name}"}}}}]}}'),))
        for name in ("find", "read")
    ]
    alike = tuple(Preference(f"Question {number}?", *calls) for number in range(3))  # which the template passes over
    with pytest.raises(
        ValueError, match=r"none of the 3 pairs .* is left: both responses of each come to the same tokens"
    ):
        examples(None, data=PreferenceData({"train": alike, "val": VAL}))


def test_pairs_that_are_alike_once_cut_are_told_to_be_too_long(examples):
    long = tuple(Preference(f"Question {number}?", f"{'so ' * 900}yes", f"{'so ' * 900}no") for number in range(3))
    with pytest.raises(ValueError, match=r"none of the 3 pairs of the split `train` is left \(raise data.max_tokens\)"):
        examples(None, data=PreferenceData({"train": long, "val": VAL}))
