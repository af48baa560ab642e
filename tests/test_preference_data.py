import pytest

from rmexp.preference_data import PreferenceData, checked_data
from rmexp.records import Candidates, Preference


def test_splits_and_sets_by_name():
    pair, candidates = Preference("p", "a", "b"), Candidates("p", ("a",))
    data = PreferenceData({"all": (pair,)}, {"showcase": (candidates,)}, demonstrations={"train": (candidates,)})
    assert data.sets() == {"all": (pair,), "train": (candidates,), "showcase": (candidates,)}


PAIR = Preference("p", "a", "b")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "read() must give PreferenceData, got nothing (set data)"),
        ([PAIR], "read() must give PreferenceData, got list (set data)"),
        (PreferenceData({"all": (pair for pair in [PAIR])}), "must give splits as lists, got generator as `all`"),
        (PreferenceData({"all": [PAIR, {"prompt": "p"}]}), "must give splits of Preference, got dict in `all`"),
        (PreferenceData({}, {"pool": [PAIR]}), "must give candidates of Candidates, got Preference in `pool`"),
    ],
)
def test_what_is_no_data_is_refused_with_the_function_that_gave_it(given, said):
    with pytest.raises(ValueError, match="must give") as refused:
        checked_data(given, "lab.sources.read")
    assert said in str(refused.value)


def test_data_are_left_as_they_are():
    data = PreferenceData({"all": [PAIR]})
    assert checked_data(data, "lab.sources.read") is data
