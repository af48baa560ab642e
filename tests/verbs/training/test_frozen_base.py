"""Checkpoints hold what learns; a run goes on from them, and from its base, to the same bytes."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from rmexp.cli import main
from rmexp.models.backbones.location import folder_fingerprint

SMALL = ["data.pairs=40", "data.unseen_pairs=10", "data.cache_dir=null", "model.hidden_size=32", "trainer.threads=1"]
RUN = [*SMALL, "data.batch_pairs=8", "trainer.max_epochs=2", "optimizer.lr=0.02", "logger=csv"]


@pytest.fixture
def start(here):
    assert main(["train", "task=sft", *SMALL, "trainer=smoke", "logger=csv", "run_dir=start"]) == 0
    return "model.init_from=start/model"


def weights(folder):
    return load_file(f"{folder}/model/model.safetensors")


def assert_same(folder, other):
    expected = weights(other)
    assert all(torch.equal(found, expected[name]) for name, found in weights(folder).items())


def learnt(folder, name="last.ckpt"):
    """Weights of the model in a checkpoint."""
    state = torch.load(f"{folder}/checkpoints/{name}", weights_only=True)["state_dict"]
    return {name: value for name, value in state.items() if name.startswith("model.")}


@pytest.mark.parametrize(
    ("own", "learns"),
    [
        pytest.param(("task=reward", "model.trained=adapters"), ("lora_", "head"), marks=pytest.mark.slow),
        (("task=reward", "model.trained=head"), ("head",)),
        (("task=dpo", "model.trained=adapters"), ("lora_",)),
        pytest.param(
            ("task=dpo", "model.trained=adapters", "module.reference_logps=online"), ("lora_",), marks=pytest.mark.slow
        ),
    ],
)
def test_a_run_goes_on_from_its_base_to_the_same_bytes(start, interrupted_at, own, learns):
    command = ["train", *own, start, *RUN]
    assert main([*command, "run_dir=run"]) == 0
    for name in learnt("run"):
        assert any(part in name for part in learns), name
    with interrupted_at(4):
        assert main([*command, "run_dir=died"]) == 130
    assert main([*command, "run_dir=died"]) == 0
    assert_same("died", "run")


def test_the_best_weights_are_those_of_its_checkpoint(start):
    """Which holds what learns alone, and is read where it is not that of the last step."""
    command = ["train", "task=reward", "model.trained=adapters", start, *RUN, "trainer.monitor=val/accuracy"]
    assert main([*command, "run_dir=run"]) == 0
    summary = json.loads(Path("run/summary.json").read_text())
    assert summary["kept"]["step"] < summary["kept"]["last_step"]
    assert torch.equal(weights("run")["score.weight"], learnt("run", "best.ckpt")["model.head.weight"])


def test_another_base_of_the_same_name_is_refused(start, interrupted_at, monkeypatch, capsys):
    """Of a model on the hub the name alone is known before it is read."""
    known = folder_fingerprint("start/model")
    monkeypatch.setattr("rmexp.models.backbones.location.folder_fingerprint", lambda folder: known)
    command = ["train", "task=reward", "model.trained=adapters", start, *RUN, "run_dir=run"]
    with interrupted_at(4):
        assert main(command) == 130
    file = Path("start/model/model.safetensors")
    changed = {name: value.clone() for name, value in load_file(file).items()}
    changed["model.norm.weight"][0] += 1
    save_file(changed, file, {"format": "pt"})
    capsys.readouterr()
    assert main(command) == 1
    (sentence,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("rmexp: ")]
    assert "run/checkpoints/last.ckpt was saved beside other frozen weights" in sentence


@pytest.mark.slow
@pytest.mark.parametrize("trainer", ["ddp", "fsdp"])
def test_several_processes_do_so_too(start, several, trainer, interrupted_at):
    own = ["train", "task=reward", "model.trained=adapters", start, *RUN, f"trainer={trainer}"]
    for folder, stopped in (("run", None), ("died", 4), ("died", None)):
        if stopped is None:
            processes = several(2, *own, f"run_dir={folder}")
        else:
            with interrupted_at(stopped):
                processes = several(2, *own, f"run_dir={folder}")
        assert processes.codes() == [0 if stopped is None else 130] * 2, "".join(processes.said)
    assert_same("died", "run")
    if trainer == "ddp":
        assert not [name for name in learnt("run") if "lora_" not in name and "head" not in name]
