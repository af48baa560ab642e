import json
from pathlib import Path

import pytest

from rmexp.cli import main
from rmexp.metrics.parity import Parity
from rmexp.models.folders import parity
from rmexp.runs.summaries.file import write_summary
from rmexp.runs.summaries.train import KeptWeights, ModelMade, TrainSummary
from rmexp.verbs.export import model_of


@pytest.fixture
def no_process(monkeypatch):
    monkeypatch.setattr(parity, "check_parity", lambda *given: Parity(8, 1e-7, 2.0, 2e-4))


def test_export_leaves_a_model_with_its_card(here, comparison, no_process, capsys):
    model = comparison.path / "reward" / "model"
    assert main(["export", f"path={model}", "out=out", "run_dir=run"]) == 0
    assert "the same scores (largest difference 1.0e-07" in capsys.readouterr().out
    summary = json.loads(Path("run/summary.json").read_text())
    assert summary["model"]["path"] == "out"
    card = Path("out/README.md").read_text()
    assert "| json_vs_text | unseen |" in card
    before = Path("out/model.safetensors").stat().st_mtime_ns
    assert main(["export", f"path={model}", "out=out", "run_dir=run"]) == 0
    assert Path("out/model.safetensors").stat().st_mtime_ns == before


def test_figures_of_an_evaluation_go_on_the_card(here, reward_folder, no_process):
    row = {"data": "mine", "slice": "topic=a", "n": 7, "accuracy": 0.5, "accuracy_low": None, "accuracy_high": None}
    Path("evaluation.json").write_text(json.dumps({"results": [row]}))
    assert main(["export", f"path={reward_folder}", "out=out", "evaluation=evaluation.json", "run_dir=run"]) == 0
    assert "| mine | - | topic=a | 7 | 50.0 % | - | - |" in Path("out/README.md").read_text()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["path=nowhere/at/all"], "there is no such folder"),
        (["path=MODEL", "out=full"], "full is there already (set another out, or overwrite=true)"),
        (["path=MODEL", "out=new", "evaluation=none.json"], "none.json: expected an evaluation.json"),
    ],
)
def test_mistakes_are_a_sentence(here, reward_folder, capsys, overrides, message):
    Path("full").mkdir()
    Path("full/file").touch()
    overrides = [text.replace("MODEL", str(reward_folder)) for text in overrides]
    assert main(["export", "run_dir=run", *overrides]) == 1
    assert message in capsys.readouterr().err
    assert not Path("run/summary.json").exists()


def test_an_encoder_is_refused(here, capsys, tiny_model, make_contract):
    from rmexp.models.folders.folder import save_folder
    from rmexp.models.reward_model import RewardModel

    model = RewardModel(tiny_model.causal_lm.base_model, pooling="mean", mask_padding=True)
    save_folder(Path("model"), model.save, tiny_model.tokenizer, make_contract("reward_model", pooling="mean"))
    assert main(["export", "path=model", "out=out", "run_dir=run"]) == 1
    assert "which no classifier of transformers does" in capsys.readouterr().err
    assert not Path("out").exists()


@pytest.fixture
def runs(here):
    """Folders of runs of two steps: what trainer.keep was, and the step of the weights in model/."""

    def write(name, keep, step):
        folder = here / name
        folder.mkdir()
        (folder / "config.yaml").write_text(f"trainer:\n  keep: {keep}\n" if keep else "trainer: {}\n")
        kept = KeptWeights(step, 2, "val/loss", 2, False, keep == "best", None) if step else None
        write_summary(folder, TrainSummary("reward", ModelMade("model", "f", 1), 2, 1.0, kept=kept))

    write("best", "best", 1)
    write("best_is_last", "best", 2)
    write("last", "last", 2)
    write("old", None, None)


@pytest.mark.parametrize(
    ("path", "keep", "model"),
    [
        ("best", None, "best/model"),
        ("best", "best", "best/model"),
        ("best", "last", "best/last_model"),
        ("best_is_last", "last", "best_is_last/model"),
        ("last", "last", "last/model"),
        ("old", "last", "old/model"),
        ("elsewhere/model", None, "elsewhere/model"),
    ],
)
def test_a_run_gives_either_of_its_weights(runs, path, keep, model):
    assert model_of(path, keep) == model


@pytest.mark.parametrize(
    ("path", "keep", "message"),
    [
        ("last", "best", "keep=best: last kept its last weights alone"),
        ("old", "best", "keep=best: old kept its last weights alone"),
        ("best/model", "last", "keep=last: best/model is no folder of a run"),
        ("best/checkpoints/best.ckpt", None, "is a checkpoint, to go on from .set path=best keep=best or keep=last."),
        ("best", "first", "keep must be best or last, got first"),
    ],
)
def test_weights_that_there_are_not(runs, path, keep, message):
    with pytest.raises(ValueError, match=message):
        model_of(path, keep)
