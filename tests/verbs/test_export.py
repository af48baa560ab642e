import json
from pathlib import Path

import pytest

from rmexp.cli import main
from rmexp.metrics.parity import Parity
from rmexp.scoring import parity


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
