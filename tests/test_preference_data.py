from rmexp.preference_data import PreferenceData
from rmexp.records import Candidates, Preference


def test_splits_and_sets_by_name():
    pair, candidates = Preference("p", "a", "b"), Candidates("p", ("a",))
    data = PreferenceData({"all": (pair,)}, {"showcase": (candidates,)}, demonstrations={"train": (candidates,)})
    assert data.sets() == {"all": (pair,), "train": (candidates,), "showcase": (candidates,)}
