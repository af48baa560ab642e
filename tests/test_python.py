"""rmexp as a library: cheap to import, an example a name, docs/python.md true, figures as on the command line."""

import ast
import inspect
import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import lightning as L
import pytest
import torch

import rmexp
from rmexp.cli import main
from rmexp.training.schedules import constant

PAGE = (Path(__file__).parent.parent / "docs" / "python.md").read_text(encoding="utf-8")
SETTINGS = {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01, "fused": True}  # conf/optimizer/adamw.yaml


def test_importing_rmexp_imports_nothing_else():
    code = "import sys, rmexp; print([name for name in ('torch', 'hydra', 'numpy') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("name", sorted(set(rmexp.__all__) - {"__version__"}))
def test_every_name_has_words_and_an_example(name):
    public = getattr(rmexp, name)
    methods = [value for value in vars(public).values() if inspect.isfunction(value)] if inspect.isclass(public) else []
    assert ">>>" in "".join(value.__doc__ or "" for value in (public, *methods))
    assert name in dir(rmexp)


def test_type_checkers_are_told_the_same_names():
    stub = ast.parse(Path(rmexp.__file__).with_suffix(".pyi").read_text())
    told = {alias.asname: node.module for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert told == rmexp._PLACES


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="module `rmexp` has no `lode`"):
        _ = rmexp.lode


def test_the_page_runs(here, reference_folder, reward_folder, monkeypatch, capsys):
    Path("runs/first").mkdir(parents=True)
    Path("runs/first/model").symlink_to(reward_folder)
    shown = {}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        exec(block.replace("BACKBONE", str(reference_folder)), shown)
    out = capsys.readouterr().out
    assert "Comparison(first=" in out
    assert out.count("'accuracy':") == 2


@pytest.fixture
def files(here, pairs):
    for name, part in (("train", pairs[:8]), ("val", pairs[8:])):
        Path(f"{name}.jsonl").write_text("".join(json.dumps(pair.to_row()) + "\n" for pair in part))
    return [
        "data=jsonl",
        "data.path=train.jsonl",
        "data.val_path=val.jsonl",
        "data.cache_dir=null",
        "data.max_tokens=128",
    ]


def test_the_figures_are_those_of_the_command_line(files, pairs, reference_folder, here):
    options = ["data.batch_pairs=4", "trainer=cpu", "trainer.max_epochs=2", "trainer.gradient_clip_val=null"]
    options += ["optimizer.lr=0.01", "schedule=constant", "logger=csv", "trainer.threads=1", "run_dir=run"]
    command = ["train", "task=reward", *files, "model=hub", f"model.path={reference_folder}", *options]
    assert main(command) == 0
    expected = json.loads(Path("run/summary.json").read_text())
    found = {}
    for way in ("trainer", "loop"):
        L.seed_everything(0, verbose=False)
        start = rmexp.load_backbone(str(reference_folder))
        optimizer = partial(torch.optim.AdamW, lr=0.01, **SETTINGS)
        schedule = partial(constant, warmup_fraction=0.0)
        module = rmexp.RewardModule(start, rmexp.bradley_terry_loss, optimizer, schedule, head_lr_factor=1.0)
        data = rmexp.pair_data(module, start.tokenizer, pairs[:8], pairs[8:], batch_pairs=4, epochs=2, max_tokens=128)
        found[way] = (in_a_trainer if way == "trainer" else in_a_loop)(module, data, optimizer)
        module.save(here / way)
        start.tokenizer.save_pretrained(here / way)
        scores = rmexp.load(here / way, max_tokens=128).score([(pair.prompt, pair.chosen) for pair in pairs[8:]])
        rows = [json.loads(line) for line in Path("run/scored/val.jsonl").read_text().splitlines()]
        assert scores == pytest.approx([row["scores"][0] for row in rows], abs=1e-5)
    for loss, accuracy in found.values():
        assert loss == pytest.approx(expected["val"]["loss"], rel=1e-5)
        assert accuracy == pytest.approx(expected["val"]["accuracy"])


def in_a_trainer(module, data, optimizer):
    quiet = {"enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    L.Trainer(max_epochs=1, accelerator="cpu", logger=False, num_sanity_val_steps=0, **quiet).fit(module, data)
    figures = module.val_figures.compute()
    return float(figures["loss"]), float(figures["accuracy"])


def in_a_loop(module, data, optimizer):
    model, figures = module.model, rmexp.PairFigures()
    steps = optimizer(model.parameters())
    for batch in data.train_dataloader():
        chosen, rejected = batch.pairing.sides(model(batch.responses))
        rmexp.bradley_terry_loss(chosen, rejected, target=batch.pairing.target).mean().backward()
        steps.step()
        steps.zero_grad()
    pairing = data.val_pairing()
    with torch.no_grad():
        chosen, rejected = pairing.sides(torch.cat([model(batch) for batch in data.val_dataloader()]))
    figures.update(rmexp.bradley_terry_loss(chosen, rejected, target=pairing.target), chosen, rejected, pairing.target)
    return float(figures.compute()["loss"]), float(figures.compute()["accuracy"])
