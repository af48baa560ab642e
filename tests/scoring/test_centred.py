import numpy as np
import pytest

from rmexp.models.folders.contract import Contract, read_contract
from rmexp.scoring.centred import CentredScorer
from rmexp.scoring.explicit import ExplicitScorer


def rewards(scorer, records):
    return np.array([row.scores for row in scorer.score(records)])


@pytest.fixture
def folder(reward_folder, tmp_path):
    """The reward model with a contract that says mean 0.5 and deviation 2."""
    copied = tmp_path / "model"
    copied.mkdir()
    for path in reward_folder.iterdir():
        (copied / path.name).write_bytes(path.read_bytes())
    fields = {field: getattr(read_contract(str(reward_folder)), field) for field in Contract.__dataclass_fields__}
    Contract(**(fields | {"reward_mean": 0.5, "reward_sd": 2.0})).save(copied)
    return str(copied)


def test_mean_off_and_if_asked_deviation_out(folder, limits, pairs):
    options = {"limits": limits, "threads": 1}
    raw = rewards(ExplicitScorer("explicit", folder, "32-true", **options), pairs)
    centred, scaled = (CentredScorer("c", folder, "32-true", standardised, **options) for standardised in (False, True))
    np.testing.assert_allclose(rewards(centred, pairs), raw - 0.5, rtol=1e-12)
    np.testing.assert_allclose(rewards(scaled, pairs), (raw - 0.5) / 2, rtol=1e-12)
    assert (centred.reward_mean, centred.reward_sd) == (0.0, 2.0)
    assert (scaled.reward_mean, scaled.reward_sd) == (0.0, 1.0)
    assert len({centred.fingerprint, scaled.fingerprint, centred.raw.fingerprint}) == 3
    assert scaled.describe()["scale"] == 2.0


def test_a_model_without_a_mean_is_refused(reward_folder, limits):
    with pytest.raises(ValueError, match=r"got None and None \(set scorer=explicit for raw rewards\)"):
        CentredScorer("c", str(reward_folder), "32-true", False, limits=limits, threads=1)
