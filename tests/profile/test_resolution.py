import numpy as np
import pytest

from rmexp.profile.baselines import Baseline, judged
from rmexp.profile.resolution import resolution


def test_it_is_near_what_the_split_itself_gives():
    rng = np.random.default_rng(0)
    scores, target = rng.random((4000, 2)), np.ones(4000)
    whole = judged("random", scores, target, np.arange(4000))
    part = judged("random", scores[:400], target[:400], np.arange(400))
    found = resolution(whole, {"val": 400})
    assert found.half_width == pytest.approx((part.high - part.low) / 2, rel=0.03)


def test_the_test_split_comes_first_and_no_interval_is_no_answer():
    known, unknown = Baseline("longer", 100, 0.5, 0.4, 0.6, 0.0), Baseline("longer", 1, 1.0, None, None, 0.0)
    assert resolution(known, {"val": 20, "test": 50}).split == "test"
    assert resolution(known, {"val": 1}).half_width == 0.5
    assert resolution(known, {"other.jsonl": 50}) is None
    assert resolution(unknown, {"val": 50}) is None
