import pytest
import torch
from torch import nn

from rmexp.training.callbacks.checkpoints import DurableCheckpointIO
from rmexp.training.callbacks.frozen import FROZEN, FrozenWeights


@pytest.fixture
def module():
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)).requires_grad_(False)
    body[1].weight = body[0].weight  # one parameter of two names
    return nn.ModuleDict({"body": body, "head": nn.Linear(3, 1)})


def test_what_is_frozen_is_left_out_and_filled_in_again(module, tmp_path):
    io, path = DurableCheckpointIO(FrozenWeights(module)), tmp_path / "last.ckpt"
    state = {name: value.clone() for name, value in module.state_dict().items()}
    io.save_checkpoint({"global_step": 1, "state_dict": module.state_dict()}, path)
    written = torch.load(path, weights_only=True)
    assert sorted(written["state_dict"]) == ["head.bias", "head.weight"]
    assert written[FROZEN] == FrozenWeights(module).fingerprint
    nn.init.zeros_(module["head"].weight)
    module.load_state_dict(io.load_checkpoint(path, weights_only=True)["state_dict"])
    for name, value in module.state_dict().items():
        assert torch.equal(value, state[name])


def test_other_frozen_weights_are_refused(module, tmp_path):
    path = tmp_path / "last.ckpt"
    DurableCheckpointIO(FrozenWeights(module)).save_checkpoint({"state_dict": module.state_dict()}, path)
    with torch.no_grad():
        module["body"][0].weight[0, 0].neg_()
    with pytest.raises(ValueError, match=r"last\.ckpt was saved beside other frozen weights \(.*or another run_dir"):
        DurableCheckpointIO(FrozenWeights(module)).load_checkpoint(path, weights_only=True)


def test_a_checkpoint_of_an_earlier_version_has_them(module, tmp_path):
    path, state = tmp_path / "last.ckpt", {name: value + 1 for name, value in module.state_dict().items()}
    DurableCheckpointIO().save_checkpoint({"state_dict": state}, path)
    found = DurableCheckpointIO(FrozenWeights(module)).load_checkpoint(path, weights_only=True)["state_dict"]
    assert all(torch.equal(found[name], value) for name, value in state.items())


def test_where_all_learns_a_checkpoint_has_all(module, tmp_path):
    module.requires_grad_(True)
    path = tmp_path / "last.ckpt"
    DurableCheckpointIO(FrozenWeights(module)).save_checkpoint({"state_dict": module.state_dict()}, path)
    assert torch.load(path, weights_only=True).keys() == {"state_dict"}
    assert torch.load(path, weights_only=True)["state_dict"].keys() == module.state_dict().keys()
