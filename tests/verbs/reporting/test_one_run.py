import numpy as np

from rmexp.evaluation.per_pair import PairRow, write_pairs
from rmexp.jsonl import write_rows
from rmexp.records import Preference, Scored
from rmexp.runs.results import SAMPLES
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.runs.summaries.train import ModelMade, TrainSummary
from rmexp.scoring.scored_file import write_scored
from rmexp.verbs.reporting.one_run import scored_set

SUMMARY = TrainSummary(
    "reward", ModelMade("m", "abc", 1), 1, 1.0, evaluation=(HeldOutRow("explicit", "d", "val", None, 3, accuracy=0.5),)
)
TARGETS = {"a": 1.0, "b": 0.0, "c": 0.5}
SCORES = {"a": (2.0, 1.0), "b": (3.0, 5.0), "c": (0.0, 4.0)}


def test_margins_rewards_and_the_worst_pairs_of_the_headline(tmp_path):
    rows = [PairRow(i, "d", "val", None, 0, SCORES[i][0] - SCORES[i][1], TARGETS[i], 0.1) for i in "abc"]
    write_pairs(tmp_path, [*rows, PairRow("z", "d", "test", None, 0, 9.0, 1.0, 0.1)])
    records = [Preference("p", f"{i}1", f"{i}2", id=i) for i in "abc"]
    scored = [Scored(i, SCORES[i], (1, 1), (False, False)) for i in "abc"]
    write_scored(tmp_path / "scored" / "val.jsonl", scored, records, {"name": "explicit"})
    texts = {"id": "b", "prompt": "p", "chosen": "b1", "rejected": "b2", "chosen_reward": 3.0, "rejected_reward": 5.0}
    kinds = (("worst", "val"), ("best", "val"), ("worst", "test"))
    samples = [{"judged": judged, "data": "d", "split": split, "margin": -2.0, **texts} for judged, split in kinds]
    write_rows(tmp_path / SAMPLES, samples)

    found = scored_set(tmp_path, SUMMARY)
    assert found.margin.tolist() == [1.0, -2.0, -4.0]
    assert found.target.tolist() == [1.0, 0.0, 0.5]
    assert np.array_equal(found.rewards, [[2.0, 1.0], [5.0, 3.0]])  # the better one first, the labelled tie left out
    assert [(pair.id, pair.judged) for pair in found.worst] == [("b", "worst")]


def test_a_run_that_left_no_scores_has_none(tmp_path):
    assert scored_set(tmp_path, SUMMARY) is None
    assert scored_set(tmp_path, None) is None
