"""The stages of a comparison: complete runs, made once and used again, and models that others may read."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from rmexp.cli import main
from rmexp.config.compose import compose
from rmexp.config.identity.run_settings import followed_settings
from rmexp.jsonl import write_rows
from rmexp.records import Preference
from rmexp.runs.found import find_runs
from rmexp.runs.listed import listed_runs
from rmexp.scoring.scored_file import read_scored
from rmexp.tracking.metrics_csv import COLUMNS, read_metrics
from rmexp.verbs.data import load_data, load_run_data

STAGES = ("sft", "reward", "dpo")


def test_stages_are_complete_run_folders(comparison):
    for stage in STAGES:
        folder = comparison.path / stage
        for name in ("config.yaml", "environment.json", "metrics.csv", "summary.json"):
            assert (folder / name).is_file()
        for name in ("model.safetensors", "tokenizer.json", "chat_template.jinja", "contract.json"):
            assert (folder / "model" / name).is_file()
        assert {path.name for path in (folder / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
        summary = json.loads((folder / "summary.json").read_text())
        assert summary["status"] == "finished"
        assert summary["task"] == stage
        assert summary["dropped"] == summary["truncated"] == 0
        assert (summary["train_pairs"], summary["val_pairs"]) == (120, 30)
        rows = read_metrics(folder / "metrics.csv")
        assert tuple(rows[0]) == COLUMNS
        assert [int(row["step"]) for row in rows if row["train/loss"]] == list(range(1, summary["steps"] + 1))


def test_the_policys_contract_names_its_reference_and_beta(comparison):
    contract = json.loads((comparison.path / "dpo" / "model" / "contract.json").read_text())
    reference = json.loads((comparison.path / "sft" / "summary.json").read_text())["model"]["fingerprint"]
    assert contract["reference"] == reference
    assert contract["beta"] == pytest.approx(0.1)


def test_saved_reward_model_is_a_plain_transformers_classifier(comparison):
    folder = comparison.path / "reward" / "model"
    classifier = AutoModelForSequenceClassification.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    row = json.loads((comparison.path / "scored" / "showcase.explicit.jsonl").read_text().splitlines()[0])
    response = comparison.summary["showcase"]["responses"][0]
    messages = [{"role": "user", "content": response["prompt"]}]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) + response["chosen"]
    ids = [*tokenizer(text, add_special_tokens=False).input_ids, tokenizer.eos_token_id]
    with torch.inference_mode():
        reward = classifier(input_ids=torch.tensor([ids])).logits
    assert classifier.config.problem_type == "regression"
    assert reward.item() == pytest.approx(row["scores"][0], abs=1e-4)


def test_second_run_changes_nothing(comparison, capsys):
    before = (comparison.path / "summary.json").stat().st_mtime_ns
    assert main(comparison.command) == 0
    assert (comparison.path / "summary.json").stat().st_mtime_ns == before
    assert "same response first on 20 of 20 unseen pairs" in capsys.readouterr().out


def test_unfinished_comparison_reuses_the_stages_that_are_done(comparison, tmp_path, capsys):
    path = tmp_path / "again"
    shutil.copytree(comparison.path, path)
    (path / "summary.json").unlink()
    models = {stage: (path / stage / "model" / "model.safetensors").stat().st_mtime_ns for stage in STAGES}
    # Stages name their reference by its path, so the copy's own reference is what they must have started from.
    for stage in ("reward", "dpo"):
        config = path / stage / "config.yaml"
        config.write_text(config.read_text().replace(str(comparison.path), str(path)))
    assert main([*comparison.command, f"run_dir={path}"]) == 0
    summary = json.loads((path / "summary.json").read_text())
    assert all(stage["reused"] for stage in summary["stages"].values())
    assert {stage: (path / stage / "model" / "model.safetensors").stat().st_mtime_ns for stage in STAGES} == models
    assert summary["explicit"] == comparison.summary["explicit"]
    assert summary["implicit"] == comparison.summary["implicit"]


def test_score_gives_what_compare_scored(comparison, tmp_path):
    common = ["score", *comparison.data, "data.batch_pairs=5"]
    models = {stage: comparison.path / stage / "model" for stage in STAGES}
    explicit = ["scorer=explicit", f"scorer.path={models['reward']}"]
    implicit = ["scorer=implicit", f"scorer.policy={models['dpo']}", f"scorer.reference={models['sft']}"]
    for name, scorer in (("explicit", explicit), ("implicit", [*implicit, "scorer.beta=0.1"])):
        assert main([*common, *scorer, f"run_dir={tmp_path / name}"]) == 0
        again, _ = read_scored(tmp_path / name / "scored" / "unseen.jsonl")
        before, _ = read_scored(comparison.path / "scored" / f"unseen.{name}.jsonl")
        assert [row.id for row in again] == [row.id for row in before]
        np.testing.assert_allclose([r.scores for r in again], [r.scores for r in before], rtol=1e-4, atol=1e-4)


def test_a_policy_with_a_foreign_reference_is_refused(comparison, tmp_path, capsys):
    models = {stage: comparison.path / stage / "model" for stage in STAGES}
    scorer = ["scorer=implicit", f"scorer.policy={models['dpo']}", f"scorer.reference={models['dpo']}"]
    assert main(["score", *comparison.data, *scorer, f"run_dir={tmp_path / 's'}"]) == 1
    assert "was trained from the reference" in capsys.readouterr().err


@pytest.mark.slow
def test_compare_with_given_models(comparison, tmp_path):
    given = [
        f"model.reference={comparison.path / 'sft' / 'model'}",
        f"reward.path={comparison.path / 'reward' / 'model'}",
        f"dpo.path={comparison.path / 'dpo' / 'model'}",
    ]
    path = tmp_path / "given"
    assert main(["compare", *comparison.data, *given, "shift_pairs=0", "logger=csv", f"run_dir={path}"]) == 0
    summary = json.loads((path / "summary.json").read_text())
    assert summary["explicit"] == comparison.summary["explicit"]
    assert not any((path / stage).exists() for stage in STAGES)


def test_given_models_judge_all_pairs_that_they_were_not_trained_on(comparison, tmp_path, capsys):
    """And the page says that they were given, and on what they were trained; the reference beside a policy is its."""
    learnt = load_data(compose("compare", comparison.data).data).records.splits["train"][:6]
    new = [Preference(f"Describe {name}.", f'{{"name": "{name}"}}', f"It is {name}.") for name in "abcdefgh"]
    write_rows(tmp_path / "pairs.jsonl", (record.to_row() for record in [*learnt, *new]))
    (tmp_path / "policy").mkdir()
    shutil.copytree(comparison.path / "dpo" / "model", tmp_path / "policy" / "model")
    contract = json.loads((tmp_path / "policy" / "model" / "contract.json").read_text())
    unnamed = contract | {"reference": None}  # as that of a policy which began with new weights
    (tmp_path / "policy" / "model" / "contract.json").write_text(json.dumps(unnamed))
    (tmp_path / "policy" / "reference").symlink_to(comparison.path / "sft" / "model")
    given = [f"reward.path={comparison.path / 'reward' / 'model'}", f"dpo.path={tmp_path / 'policy' / 'model'}"]
    data, path = ["data=jsonl", f"data.path={tmp_path / 'pairs.jsonl'}"], tmp_path / "given"
    assert main(["compare", *data, *given, "shift_pairs=0", "logger=csv", f"run_dir={path}"]) == 0
    said = "Both models were given, trained on the same 120 pairs."
    assert said in capsys.readouterr().out
    summary = json.loads((path / "summary.json").read_text())
    assert (summary["headline"], summary["agreement"]["pairs"], summary["train_pairs"]) == ("all", 8, None)
    assert not any((path / stage).exists() for stage in STAGES)
    page = (path / "report.html").read_text()
    assert f"to the reference) judge the same\npairs. {said}" in page
    assert (page.count(said), summary["notes"].count(said), summary["notes"][0]) == (1, 1, said)
    assert "No stage was trained here." in page
    assert "Loss per step" not in page
    assert "from the same start" not in page
    assert "Training pairs" not in page


def test_pairs_that_are_counted_though_given_models_were_trained_on_them_are_marked(comparison, tmp_path):
    """In the index of runs and on the leaderboard; not where they are set apart."""
    learnt = load_data(compose("compare", comparison.data).data).records.splits["train"][:6]
    new = [Preference(f"Describe {name}.", f'{{"name": "{name}"}}', f"It is {name}.") for name in "abcdefgh"]
    write_rows(tmp_path / "pairs.jsonl", (record.to_row() for record in [*learnt, *new]))
    given = [f"{name}.path={comparison.path / name / 'model'}" for name in ("reward", "dpo")]
    given += [f"model.reference={comparison.path / 'sft' / 'model'}"]
    data = ["data=jsonl", f"data.path={tmp_path / 'pairs.jsonl'}", "shift_pairs=0", "logger=csv"]
    for treated in ("keep", "apart"):
        path = tmp_path / "runs" / treated
        assert main(["compare", *data, *given, f"data.trained_on={treated}", f"run_dir={path}"]) == 0
    marks = {run.folder.name: run.learnt for run in listed_runs([tmp_path / "runs"], followed_settings)}
    assert marks == {"keep": "6 of 14 trained on", "apart": ""}
    runs, _ = find_runs([tmp_path / "runs"], followed_settings)
    judged = {Path(run.folder).name: [(one.n, one.trained_on) for one in run.tested] for run in runs}
    assert judged == {"keep": [(14, 6)] * 2, "apart": [(8, 0)] * 2}


@pytest.mark.slow
def test_a_finished_comparison_of_given_models_is_found_whichever_version_made_it(comparison, tmp_path, capsys):
    """Earlier ones judged what a training would have left; that keys of training are for none is said by all."""
    rows = (Preference(f"Describe {i}.", f'{{"name": {i}}}', f"It is {i}.").to_row() for i in range(60))
    write_rows(tmp_path / "pairs.jsonl", rows)
    given = ["model.reference=sft", "reward.path=reward", "dpo.path=dpo"]
    models = [f"{key}={comparison.path / name / 'model'}" for key, _, name in (one.partition("=") for one in given)]
    command = ["compare", "data=jsonl", f"data.path={tmp_path / 'pairs.jsonl'}", *models, "shift_pairs=0", "logger=csv"]
    path = tmp_path / "run"
    with pytest.MonkeyPatch.context() as earlier:
        earlier.setattr("rmexp.verbs.compare.load_judged_data", load_run_data)
        assert main([*command, f"run_dir={path}"]) == 0
    written = (path / "summary.json").read_bytes()
    assert main([*command, f"run_dir={path}"]) == 0
    assert (path / "summary.json").read_bytes() == written
    assert "moved to" not in capsys.readouterr().err
    for key in ("data.train_pairs=20", "data.label_noise=0.1"):
        assert main([*command, key, f"run_dir={tmp_path / 'other'}"]) == 1
        assert f"{key} is for pairs that are learnt from, but those of data=pairs are judged" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()
    write_rows(tmp_path / "pairs.jsonl", (Preference(f"Tell {i}.", "yes", "no").to_row() for i in range(30)))
    assert main([*command, f"run_dir={path}"]) == 0
    assert f"{path} was made from other inputs (data): moved to run-outdated-1" in capsys.readouterr().err


@pytest.mark.slow
def test_another_beta_trains_the_policy_alone(comparison):
    beside = comparison.path.parent / "another_beta"
    options = ["dpo.loss.beta=0.2", "dpo.trainer.max_epochs=1", "shift_pairs=0", f"run_dir={beside}"]
    assert main([*comparison.command, *options]) == 0
    stages = json.loads((beside / "summary.json").read_text())["stages"]
    assert {name: stage["reused"] for name, stage in stages.items()} == {"sft": True, "reward": True, "dpo": False}
    assert stages["sft"]["model"] == str(comparison.path / "sft" / "model")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["policies.best_of=0"], "policies.best_of takes a whole number of at least 1, got 0"),
        (
            ["task@ppo=ppo", "ppo.scorer.path=reward", "ppo.rollouts.max_new_tokens=512"],
            "must be below data.max_tokens",
        ),
    ],
)
def test_settings_of_the_last_stage_are_refused_before_the_first(here, capsys, options, message):
    assert main(["compare", "data=json_vs_text", "data.pairs=40", "logger=csv", *options, "run_dir=run"]) == 1
    assert message in capsys.readouterr().err
    assert not Path("run/sft").exists()
