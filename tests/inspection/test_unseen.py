import numpy as np
import pytest

from rmexp.inspection.unseen import label_controls


@pytest.fixture
def learnt(by, judged):
    """Right on the first thirty pairs, which it was trained on, and on every second one of the others."""
    known = {pair.chosen for index, pair in enumerate(judged) if index < 30 or index % 2}
    return by(lambda prompt, text: float(text in known))


def test_labels_are_followed_on_unseen_pairs_alone(learnt, judged):
    trained = np.arange(40) < 30
    labels, foreign = label_controls(learnt, judged, np.arange(40), trained)
    assert labels.verdict == "warn"
    assert (labels.figures["n"], labels.figures["accuracy"]) == (10, 0.75)  # five right, five with equal scores
    assert labels.figures["trained_on"] == {"accuracy": 1.0, "n": 30}
    assert labels.says.endswith("The model was trained on 30 more; of these 100.0 % are.")
    assert foreign.figures["own"] == 0.75


def test_where_nothing_is_known_all_pairs_are_looked_at(learnt, judged):
    labels, _ = label_controls(learnt, judged, np.arange(40), np.zeros(40, dtype=bool))
    assert (labels.verdict, labels.figures) == ("pass", {"accuracy": 37.5 / 40, "n": 40})


@pytest.mark.parametrize("seen", [39, 40])
def test_where_nothing_unseen_is_left_there_is_no_verdict(learnt, judged, seen):
    checks = list(label_controls(learnt, judged, np.arange(40), np.arange(40) < seen))
    assert [(check.name, check.verdict) for check in checks] == [("labels", "skip"), ("response only", "skip")]
    assert f"the model was trained on {seen} of 40 pairs" in checks[0].says
    assert checks[0].figures["accuracy"] is None
    assert checks[0].figures["trained_on"]["n"] == 40
