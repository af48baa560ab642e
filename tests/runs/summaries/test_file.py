import json

import pytest

from rmexp.metrics.parity import Parity
from rmexp.runs.summaries.export import ExportedModel, ExportSummary
from rmexp.runs.summaries.file import read_summary, verb_of, write_summary
from rmexp.runs.summaries.inspect import InspectSummary
from rmexp.runs.summaries.policy import BeforeAndAfter, Change, PolicyFigures, RewardScale, SampledMeans
from rmexp.runs.summaries.train import LastEpoch, ModelMade, TrainSummary

MEANS = SampledMeans(0.5, 0.5, 1.0, 9.0, 0.5, 0.0, reward=1.0)
POLICY = PolicyFigures(
    "sft", 3, 8, 24, {"update": 0.5}, Change(1.0, 3.0, 4.0), None, 0.5, 0.1, BeforeAndAfter(8, MEANS, MEANS),
    {"name": "gold"}, RewardScale(1.0, 4.0), scorer_reads_other_tokens=False
)  # fmt: skip
TRAINED = TrainSummary("ppo", ModelMade("model", "abc", 7), 2, 1.0, train_pairs=4, train=LastEpoch(24), policy=POLICY)


def test_a_summary_is_read_as_it_was_written(tmp_path):
    write_summary(tmp_path, TRAINED)
    assert read_summary(tmp_path, TrainSummary) == TRAINED
    row = json.loads((tmp_path / "summary.json").read_text())
    assert (row["verb"], row["status"], row["kl"], row["train_pairs"]) == ("train", "finished", 0.5, 4)
    assert "train_demonstrations" not in row
    assert "policy" not in row  # its keys lie among those of the stage, as they always have


def test_a_stage_without_reinforcement_learning_has_no_policy(tmp_path):
    write_summary(tmp_path, TrainSummary("sft", ModelMade("model", "abc", 7), 2, 1.0, train_demonstrations=4))
    found = read_summary(tmp_path, TrainSummary)
    assert (found.policy, found.kind) == (None, "demonstrations")


def test_the_summary_of_another_verb_is_none_of_ours(tmp_path):
    assert read_summary(tmp_path, TrainSummary) is None
    write_summary(tmp_path, ExportSummary(ExportedModel("a", "b", "c", "d"), Parity(1, 0.0, 1.0, 0.1), (), 1.0))
    assert read_summary(tmp_path, TrainSummary) is None
    assert read_summary(tmp_path, InspectSummary) is None


@pytest.mark.parametrize(
    ("key", "verb"), [("account", "train"), ("headline", "compare"), ("comparisons", "evaluate"), ("nothing", None)]
)
def test_an_old_summary_is_told_by_its_keys(key, verb):
    assert verb_of({key: {}}) == verb
