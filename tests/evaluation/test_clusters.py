import pytest

from rmexp.evaluation.clusters import clusters_of
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
