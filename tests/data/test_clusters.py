import pytest

from rmexp.data.clusters import clusters_of
from rmexp.data.loading import SplitRule
from rmexp.data.split import split_by_hash
from rmexp.records import Preference


def test_clusters_are_prompts_groups_or_the_responses_of_empty_prompts():
    records = [
        Preference("p", "a", "b", meta={"topic": "x"}),
        Preference("", "a", "b", meta={"topic": "y"}),
        Preference("p", "c", "d", meta={"topic": "y"}),
        Preference("", "b", "a", meta={"topic": "x"}),
        Preference(" ", "c", "a", meta={"topic": "x"}),
    ]
    assert clusters_of(records, None).tolist() == [0, 1, 0, 1, 2]
    assert clusters_of(records, "meta.topic").tolist() == [0, 1, 1, 0, 0]
    with pytest.raises(ValueError, match=r"no field meta\.side"):
        clusters_of(records, "meta.side")


@pytest.mark.parametrize("group", [None, "meta.topic"])
def test_a_split_knows_the_clusters_that_its_records_have(group):
    records = [Preference(f"{number * 7 % 60}?", "a", "b", meta={"topic": f"{number % 12}"}) for number in range(300)]
    splits = split_by_hash(records, SplitRule(0.3, group, 5), "data")
    for part in splits.values():
        assert group in part.clusters
        assert clusters_of(part, group).tolist() == clusters_of(list(part), group).tolist()
    train = splits["train"]
    assert (
        clusters_of(train.of([5, 1, 5]), group).tolist() == clusters_of([train[5], train[1], train[5]], group).tolist()
    )
