"""Pairs of pure noise: a model that has learnt them by heart looks good on them, and is no better than a coin."""

import json
import random
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rmexp.cli import main
from rmexp.data.loading import SplitRule
from rmexp.data.split import split_by_hash
from rmexp.jsonl import write_rows
from rmexp.models.folders.trained_on import read_trained_on
from rmexp.records import Preference
from rmexp.runs.listed import listed_runs

TRAIN = [
    "train", "task=reward", "model=tiny", "model.layers=1", "optimizer.lr=1e-2", "trainer.max_epochs=6", "logger=csv",
    "trainer.keep=last",
]  # fmt: skip


class Noise(NamedTuple):
    """The file, its rows, the ids of those that are trained on, and the folder of the model."""

    path: Path
    rows: list[dict[str, Any]]
    trained: set[str]
    model: Path

    @property
    def data(self) -> list[str]:
        return ["data=jsonl", f"data.path={self.path}"]

    @property
    def scorer(self) -> list[str]:
        return ["scorer=explicit", f"scorer.path={self.model}"]


def noise_rows(count: int, seed: int) -> list[dict[str, Any]]:
    """Random words; that the one is better says nothing."""
    draw = random.Random(seed)

    def words(count: int) -> str:
        return " ".join("".join(draw.choices("abcdefghij", k=5)) for _ in range(count))

    return [
        {"id": f"{seed}-{index}", "prompt": f"p {index} {words(3)}", "chosen": words(8), "rejected": words(8)}
        for index in range(count)
    ]


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Noise:
    folder = tmp_path_factory.mktemp("noise")
    rows = noise_rows(60, seed=0)
    write_rows(folder / "noise.jsonl", rows)
    data = ["data=jsonl", f"data.path={folder / 'noise.jsonl'}", "data.cache_dir=null"]
    assert main([*TRAIN, *data, f"run_dir={folder / 'run'}"]) == 0
    records = tuple(map(Preference.from_row, rows))
    train = split_by_hash(records, SplitRule(0.2, None, 0), "noise")["train"]
    return Noise(folder / "noise.jsonl", rows, {record.id for record in train}, folder / "run" / "model")


def lines(path: str | Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def summary_of(folder: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(folder, "summary.json").read_text())
    return found


def test_a_trained_model_says_what_it_was_trained_on(noise):
    known = read_trained_on(str(noise.model))
    assert (len(known.pairs), len(known.val_pairs)) == (len(noise.trained), 60 - len(noise.trained)) == (48, 12)
    trained = {row["id"] for row in noise.rows if known.mark(Preference.from_row(row)) == "pair"}
    assert trained == noise.trained


def test_pairs_that_were_left_out_of_the_training_are_not_called_trained_on(here, noise):
    rows = [row | {"chosen": row["chosen"] + " and so on" * 40 * (index % 2)} for index, row in enumerate(noise.rows)]
    write_rows(Path("long.jsonl"), rows)
    data = ["data=jsonl", "data.path=long.jsonl", "data.truncation=drop", "data.max_tokens=64"]
    assert main([*TRAIN, *data, "run_dir=short"]) == 0
    account = summary_of("short")["account"]
    assert account["train"]["dropped"] > 0 < account["val"]["dropped"]
    known = read_trained_on("short/model")
    assert (len(known.pairs), len(known.val_pairs)) == (account["train"]["kept"], account["val"]["kept"])
    marks = [known.mark(Preference.from_row(row)) for row in rows]
    assert {*marks[::2]} == {"pair", "validation"}
    assert {*marks[1::2]} == {"no"}


def test_score_marks_each_row_and_counts(here, noise, capsys):
    assert main(["score", *noise.scorer, *noise.data, "run_dir=run"]) == 0
    rows = lines("run/scored/all.jsonl")
    assert {row["id"] for row in rows if row["trained_on"] == "pair"} == noise.trained
    assert {row["id"] for row in rows if row["trained_on"] == "validation"} == {
        row["id"] for row in noise.rows
    } - noise.trained
    counts = summary_of("run")["files"]["all"]
    assert (counts["trained_on"], counts["validated_on"], counts["prompts_trained_on"]) == (48, 12, 0)
    assert "Of 60 records the model was trained on 48 and validated with 12" in capsys.readouterr().out


def test_a_model_of_which_nothing_is_known_is_scored_without_noise(here, noise, reward_folder, capsys):
    other = ["scorer=explicit", f"scorer.path={reward_folder}", "data.max_tokens=64"]
    assert main(["score", *other, *noise.data, "run_dir=run"]) == 0
    assert not any("trained_on" in row for row in lines("run/scored/all.jsonl"))
    assert summary_of("run")["files"]["all"]["trained_on"] == "unknown"
    assert "trained" not in capsys.readouterr().out
    assert main(["score", "scorer=baseline", "scorer.kind=longer", *noise.data, "run_dir=rule"]) == 0
    assert "trained_on" not in summary_of("rule")["files"]["all"]


def test_filter_marks_each_row_from_a_model_and_from_its_scored_file(here, noise, capsys):
    assert main(["score", *noise.scorer, *noise.data, "run_dir=scores"]) == 0
    for run, scores in (("model", noise.scorer), ("file", ["scored=scores/scored"])):
        assert main(["filter", *scores, *noise.data, f"run_dir={run}"]) == 0
        rows = lines(f"{run}/kept.jsonl") + lines(f"{run}/dropped.jsonl")
        assert {row["id"] for row in rows if row["trained_on"] == "pair"} == noise.trained
        assert summary_of(run)["trained_on"] == 48
        assert "The model was trained on 48 and validated with 12 of these pairs" in capsys.readouterr().out
        assert "trained on 48 and validated with 12" in Path(run, "report.html").read_text()


def accuracies(folder: str) -> dict[str | None, tuple[int, float | None]]:
    """Of the model, by slice."""
    rows = [row for row in summary_of(folder)["results"] if row["scorer"] == "explicit"]
    return {row["slice"]: (row["n"], row["accuracy"]) for row in rows}


def test_a_model_that_has_learnt_noise_is_judged_on_what_it_has_not_seen(here, noise, capsys):
    """As found: evaluated on its own file a model of noise seemed to be right on 88 %."""
    assert main(["evaluate", *noise.scorer, *noise.data, "data.trained_on=keep", "run_dir=kept"]) == 0
    assert accuracies("kept")[None][1] > 0.8
    assert "and these are counted (data.trained_on=keep)" in capsys.readouterr().out
    assert main(["evaluate", *noise.scorer, *noise.data, "run_dir=run"]) == 0
    found = accuracies("run")
    listed = listed_runs([Path("kept"), Path("run")], lambda folder: {})
    assert {str(one.folder): one.learnt for one in listed} == {"kept": "48 of 60 trained on", "run": ""}
    assert found["trained on"][0] == 48
    assert found["trained on"][1] > 0.9
    assert found[None][0] == 12
    right = sum(row["scores"][0] > row["scores"][1] for row in lines(next(Path("run/scored").rglob("*.jsonl")))
                if row["trained_on"] == "validation")  # fmt: skip
    assert found[None][1] == right / 12
    sentence = f"explicit was trained on 48 of these 60 pairs ({100 * found['trained on'][1]:.1f} % right there)"
    for text in (capsys.readouterr().out, summary_of("run")["notes"][0], Path("run/report.html").read_text()):
        assert f"{sentence}: the figures are of the other 12" in text


def test_turned_round_renamed_and_rewritten_pairs_are_found(here, noise):
    turned = [{"chosen": row["rejected"], "rejected": row["chosen"]} for row in noise.rows]
    rows = [{"id": f"n{i}", "prompt": f" {noise.rows[i]['prompt'].upper()}?", **two} for i, two in enumerate(turned)]
    write_rows(Path("turned.jsonl"), rows)
    assert main(["evaluate", *noise.scorer, "data=jsonl", "data.path=turned.jsonl", "run_dir=run"]) == 0
    found = accuracies("run")
    assert (found["trained on"][0], found[None][0]) == (48, 12)
    assert found["trained on"][1] < 0.2


def test_where_nothing_unseen_is_left_figures_are_null_and_it_is_no_error(here, noise, capsys):
    write_rows(Path("train.jsonl"), [row for row in noise.rows if row["id"] in noise.trained])
    data = ["data=jsonl", "data.path=train.jsonl"]
    assert main(["score", *noise.scorer, *data, "run_dir=scores"]) == 0
    for run, scorer in (("model", noise.scorer), ("file", ["scorer=scored_file", "scorer.path=scores/scored"])):
        assert main(["evaluate", *scorer, *data, f"run_dir={run}"]) == 0
        assert accuracies(run)[None] == (0, None)
        assert accuracies(run)["trained on"][0] == 48
        assert "nothing unseen is left" in capsys.readouterr().out
        assert "nothing unseen is left" in Path(run, "report.html").read_text()


def test_inspect_follows_labels_on_unseen_pairs(here, noise, capsys):
    asked = ["pairs=60", "traced=0", "learning.steps=0"]
    assert main(["inspect", *noise.scorer, *noise.data, *asked, "run_dir=run"]) == 0
    found = json.loads(Path("run/inspection.json").read_text())
    labels = found["checks"]["controls"][0]
    assert (labels["figures"]["n"], labels["figures"]["trained_on"]["n"]) == (12, 48)
    assert labels["verdict"] != "pass"
    assert labels["figures"]["trained_on"]["accuracy"] > 0.9
    assert summary_of("run")["trained_on"] == 48
    assert "Of 60 pairs the model was trained on 48 and validated with 12." in capsys.readouterr().out


def pool_file(rows: list[dict[str, Any]]) -> list[str]:
    """Candidates of a file: the responses of pairs, and one more."""
    write_rows(Path("pool.jsonl"), [{**row, "responses": [row["chosen"], "ja", row["rejected"]]} for row in rows])
    return ["candidates.path=pool.jsonl"]


def test_best_of_n_draws_the_curve_of_unseen_prompts(here, noise, capsys):
    unseen = noise_rows(5, seed=4)
    assert main(["best-of-n", *noise.scorer, *pool_file(noise.rows + unseen), "run_dir=run"]) == 0
    found = json.loads(Path("run/curve.json").read_text())
    assert (found["prompts"], found["trained_on"], found["validated_on"]) == (12 + 5, 48, 12)
    assert {name: part["prompts"] for name, part in found["slices"].items()} == {"trained on": 48, "validated on": 12}
    marks = [row["trained_on"] for row in lines("run/picks.jsonl")]
    assert (marks.count("pair"), marks.count("validation"), marks.count("no")) == (48, 12, 5)
    said = "trained on pairs of the candidates of 48 prompts: the curve is of the other 17"
    told, page = capsys.readouterr().out, Path("run/report.html").read_text()
    assert said in told
    assert said in page
    assert "\n65 prompts, 195 candidates, scored by" in told  # both of the whole pool
    assert "<dt>Prompts</dt><dd>65</dd></div>\n<div><dt>Candidates</dt><dd>195</dd>" in page


def test_best_of_n_where_nothing_unseen_is_left(here, noise, capsys):
    trained = pool_file([row for row in noise.rows if row["id"] in noise.trained])
    assert main(["best-of-n", *noise.scorer, *trained, "run_dir=run"]) == 0
    found = json.loads(Path("run/curve.json").read_text())
    assert (found["prompts"], found["points"], found["n"]) == (0, [], 0)
    assert found["slices"]["trained on"]["prompts"] == 48
    assert "nothing unseen is left" in capsys.readouterr().out
    assert "nothing unseen is left" in Path("run/report.html").read_text()
    assert main(["best-of-n", *noise.scorer, *trained, "run_dir=run"]) == 0  # found again


def test_an_exported_folder_takes_it_along(here, noise, monkeypatch):
    from rmexp.models.folders import parity

    monkeypatch.setattr(parity, "check_parity", lambda *given: parity.Parity(8, 1e-7, 2.0, 2e-4))
    assert main(["export", f"path={noise.model}", "out=out", "run_dir=run"]) == 0
    assert Path("out/trained_on.npz").read_bytes() == (noise.model / "trained_on.npz").read_bytes()
    contract = json.loads(Path("out/contract.json").read_text())
    assert contract["trained_on"] == "trained_on.npz"
    assert read_trained_on("out").fingerprint() == contract["trained_on_fingerprint"]
