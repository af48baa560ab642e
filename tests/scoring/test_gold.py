import pytest

from rmexp.records import Candidates
from rmexp.scoring.gold import GoldScorer
from rmexp.sources.synthetic import synthetic

FAMILY = {
    "attributes": 12, "distractors": 1, "sentences": [2, 4], "weight_seed": 3, "prompt_dependence": 0.5,
    "group_temperatures": [0.3, 0.4], "group_agreement": 0.5, "group_in_prompt": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def records():
    sizes = {"pairs": 20, "val_pairs": 5, "test_pairs": 5}
    data = synthetic(**FAMILY, **sizes, seed=0, temperature=0.35, ties=0.0, length_bias=0.0)
    return data.splits["train"]


def test_the_data_names_the_same_rewards(records):
    rows = GoldScorer("gold", **FAMILY).score(records)
    found = [score for row in rows for score in row.scores]
    assert found == pytest.approx([gold for record in records for gold in record.meta["gold"]], abs=1e-6)


def test_any_text_has_one():
    (row,) = GoldScorer("gold", **FAMILY).score([Candidates("A prompt", ("", "nonsense words")[1:])])
    assert row.scores == (-0.2,)  # 0.1 for each word outside the family


def test_another_family_has_another_fingerprint():
    first, second = (GoldScorer("gold", **FAMILY | {"weight_seed": seed}) for seed in (3, 4))
    assert first.fingerprint != second.fingerprint
    assert first.describe()["kind"] == "gold"
    assert first.describe()["groups"] == 2
