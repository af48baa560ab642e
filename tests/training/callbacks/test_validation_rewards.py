import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rmexp.tracking.validations import FILE, Validation, read_validations
from rmexp.training.callbacks.validation_rewards import ValidationRewards


def validate(callback, step, rewards):
    target = torch.tensor([1.0, 0.5])
    module = SimpleNamespace(validated=(torch.tensor(rewards), torch.zeros(2), target))
    trainer = SimpleNamespace(global_step=step, estimated_stepping_batches=40, is_global_zero=True, loggers=[])
    callback.on_validation_end(trainer, module)


def test_every_validation_is_read_back(tmp_path):
    assert read_validations(tmp_path) == []
    callback = ValidationRewards(tmp_path, 0)
    validate(callback, 10, [0.1, -2.0])
    validate(callback, 40, [1.0, 3.0])
    first, last = read_validations(tmp_path)
    assert (first.step, first.progress, last.progress) == (10, 0.25, 1.0)
    np.testing.assert_allclose(first.rewards, [[0.1, 0.0], [-2.0, 0.0]], rtol=1e-6)
    assert first.target.tolist() == [1.0, 0.5]


def test_the_pairs_that_are_shown_have_their_texts(tmp_path):
    callback = ValidationRewards(tmp_path, 0, texts=lambda pair: (f"prompt {pair}", "a" * 400, f"b{pair}"))
    target = torch.tensor([1.0, 0.0, 0.5, 1.0])
    module = SimpleNamespace(validated=(torch.tensor([0.0, 5.0, 1.0, 3.0]), torch.tensor([2.0, 1.0, 1.0, 1.0]), target))
    trainer = SimpleNamespace(global_step=1, estimated_stepping_batches=1, is_global_zero=True, loggers=[])
    callback.on_validation_end(trainer, module)
    (found,) = read_validations(tmp_path)
    table = found.extremes()
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    first = {kind: next(row for row in rows if row["judged"] == kind) for kind in ("worst", "best", "closest")}
    assert {kind: row["pair"] for kind, row in first.items()} == {"worst": 1, "best": 3, "closest": 0}
    worst = first["worst"]  # whose label prefers the second
    assert (worst["prompt"], worst["chosen"], worst["rejected"]) == ("prompt 1", "b1", "a" * 300 + "...")
    assert (worst["chosen_reward"], worst["rejected_reward"], worst["margin"]) == (1.0, 5.0, -4.0)
    assert {row["pair"] for row in rows} == {0, 1, 3}  # a tie is neither


def test_a_file_without_texts_is_read(tmp_path):
    row = {"step": 1, "progress": 1.0, "chosen": [1.0], "rejected": [0.0], "target": [1.0]}
    (tmp_path / FILE).write_text(json.dumps(row) + "\n")
    (found,) = read_validations(tmp_path)
    assert found.extremes().rows[0] == ("worst", 0, "", "", "", 1.0, 0.0, 1.0)


def test_a_resumed_run_keeps_what_its_checkpoint_knows_and_no_torn_line(tmp_path):
    callback = ValidationRewards(tmp_path, 0)
    for step in (10, 20, 30):
        validate(callback, step, [float(step), 0.0])
    with (tmp_path / FILE).open("a") as file:
        file.write(json.dumps({"step": 15})[:7])
    resumed = ValidationRewards(tmp_path, 20)
    validate(resumed, 30, [7.0, 0.0])
    assert [(row.step, row.rewards[0, 0]) for row in read_validations(tmp_path)] == [(10, 10), (20, 20), (30, 7)]


def test_a_module_that_judges_no_pairs_leaves_no_file(tmp_path):
    trainer = SimpleNamespace(global_step=1, estimated_stepping_batches=1, is_global_zero=True, loggers=[])
    ValidationRewards(tmp_path, 0).on_validation_end(trainer, SimpleNamespace())
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize(
    ("rewards", "constant"), [([[1, 1], [1, 1]], True), ([[1, 1], [1, 2]], False), ([[1, 1]], False)]
)
def test_constant_rewards(rewards, constant):
    assert Validation(1, 1.0, np.array(rewards, dtype=float), np.ones(len(rewards))).constant == constant
