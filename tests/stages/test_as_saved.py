import json
from types import SimpleNamespace

import lightning as L
import pytest
import torch

from rmexp.encoding.tokens import PairTokens, ResponseTokens
from rmexp.stages.as_saved import as_trained, validated_rewards

A, B, C = (ResponseTokens((1, number), 1, False) for number in range(3))
PAIRS = [PairTokens(A, B, 1.0), PairTokens(C, A, 0.0)]


def written(folder, *rows):
    with (folder / "validation_rewards.jsonl").open("w") as file:
        for step, chosen, rejected in rows:
            row = {"step": step, "progress": 1.0, "chosen": chosen, "rejected": rejected, "target": [1.0, 0.0]}
            file.write(json.dumps(row) + "\n")
    return folder


def test_the_rewards_of_the_step_whose_weights_were_kept(tmp_path):
    folder = written(tmp_path, (5, [1.0, 2.0], [3.0, 1.0]), (9, [4.0, 5.0], [6.0, 4.0]))
    assert validated_rewards(folder, 5, PAIRS) == {A: 1.0, B: 3.0, C: 2.0}
    assert validated_rewards(folder, 9, PAIRS) == {A: 4.0, B: 6.0, C: 5.0}


def test_weights_that_were_not_validated_are_asked_again(tmp_path):
    assert validated_rewards(tmp_path, 5, PAIRS) == {}
    folder = written(tmp_path, (5, [1.0, 2.0], [3.0, 1.0]))
    assert validated_rewards(folder, 6, PAIRS) == {}
    assert validated_rewards(folder, 5, PAIRS[:1]) == {}


@pytest.mark.parametrize(("precision", "half"), [("bf16-mixed", True), ("32-true", False), ("bf16-true", False)])
def test_a_module_computes_as_it_was_trained_and_is_back_afterwards(precision, half):
    places = []

    class Module(L.LightningModule):
        def to(self, device):
            places.append(device)
            return self

        def cpu(self):
            places.append("cpu")
            return self

    with as_trained(SimpleNamespace(module=Module(), precision=precision), "cpu"):
        assert torch.is_autocast_enabled("cpu") == half
    assert places == ["cpu", "cpu"]
    assert not torch.is_autocast_enabled("cpu")
