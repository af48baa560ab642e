"""Real preference data beside the checkout, where there is any."""

from pathlib import Path

import pytest

from rmexp.config.compose import compose
from rmexp.verbs.data import load_run_data

PAIRS = Path(__file__).parents[4] / "shared" / "data" / "ukpconvarg1" / "pairs.jsonl.gz"
pytestmark = pytest.mark.skipif(not PAIRS.is_file(), reason=f"{PAIRS.name} of ukpconvarg1 is not beside the checkout")


@pytest.mark.slow
def test_whole_debate_sides_are_held_out():
    config = compose("train", ["data=jsonl", f"data.path={PAIRS}", "data.group=meta.topic"])
    splits = load_run_data(config.data, config.tests).data.records.splits
    topics = {name: {record.meta["topic"] for record in records} for name, records in splits.items()}
    assert sum(len(records) for records in splits.values()) == 12_792
    assert len(topics["train"] | topics["val"]) == 32
    assert not topics["train"] & topics["val"]
    assert 0.2 <= len(splits["val"]) / 12_792 < 0.3
