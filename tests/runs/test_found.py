import pytest

from rmexp.durable import write_json, write_text
from rmexp.runs.environment import Environment
from rmexp.runs.found import find_runs
from rmexp.runs.rows import to_row
from rmexp.runs.summaries.file import write_summary
from rmexp.runs.summaries.train import LastValidation, ModelMade, TrainSummary


@pytest.mark.parametrize(("task", "nll"), [("sft", None), ("reward", 2.5)])
def test_a_loss_over_tokens_is_no_log_loss_of_pairs(tmp_path, task, nll):
    write_text(tmp_path / "config.yaml", "seed: 0\n")
    write_json(tmp_path / "environment.json", to_row(Environment(("rmexp", "train"))))
    validated = LastValidation(12, 2.5, 0.75)
    write_summary(tmp_path, TrainSummary(task, ModelMade("model", "abc", 7), 2, 1.0, train_pairs=4, val=validated))
    ((run,), _) = find_runs([tmp_path], lambda folder: {"data.name": "pairs"})
    (judged,) = run.tested
    assert (judged.accuracy, judged.nll) == (0.75, nll)
