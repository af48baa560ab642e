"""The experiments can be run: their scripts parse, their configurations compose, their splits hold groups together."""

import importlib.util
import subprocess
from pathlib import Path

import numpy as np
import pytest

from rmexp.config.compose import compose
from rmexp.durable import write_json
from rmexp.evaluation.judge import judge
from rmexp.evaluation.scores import Scores
from rmexp.evaluation.test_set import Origin, as_test_set
from rmexp.jsonl import parse_row, write_rows
from rmexp.lines import read_lines
from rmexp.records import Preference, Scored
from rmexp.runs.rows import to_row
from rmexp.runs.summaries.evaluate import results_of
from rmexp.runs.summaries.seed_groups import seed_rows
from rmexp.scoring.scored_file import write_scored
from rmexp.statistics.shares import wilson

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
OPTIONS = sorted(EXPERIMENTS.glob("*/conf/data/*.yaml"))


def script(name, experiment="difficulty"):
    """A script of an experiment as a module."""
    spec = importlib.util.spec_from_file_location(name, EXPERIMENTS / experiment / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def prepare():
    return script("prepare")


@pytest.mark.parametrize("script", sorted(EXPERIMENTS.glob("*/run.sh")), ids=lambda path: path.parent.name)
def test_scripts_parse(script):
    assert subprocess.run(["bash", "-n", str(script)], capture_output=True).stderr == b""


@pytest.mark.parametrize("option", OPTIONS, ids=lambda path: path.stem)
def test_data_of_experiments_compose(option, monkeypatch):
    monkeypatch.setenv("DIFFICULTY_DATA", "data")
    config = compose("train", [f"data={option.stem}", "seed=2"], str(option.parent.parent))
    assert config.data.name == option.stem
    paths = [config.data[key] for key in ("path", "val_path", "test_path") if config.data[key] is not None]
    assert all(path.startswith(f"data/{option.stem}/") for path in paths)


def test_groups_are_held_out_whole(prepare):
    rows = [{"id": index, "group": f"g{index % 10}"} for index in range(50)]
    splits = prepare.by_group(rows, lambda row: row["group"], {"test": 3, "val": 0.2}, 0)
    groups = {name: {row["group"] for row in part} for name, part in splits.items()}
    assert {name: len(found) for name, found in groups.items()} == {"train": 5, "test": 3, "val": 2}
    assert sorted(row["id"] for part in splits.values() for row in part) == list(range(50))
    assert prepare.by_group(rows, lambda row: row["group"], {"test": 3, "val": 0.2}, 1) != splits


def test_votes_become_a_margin(prepare):
    meta = {"votes_a": 1, "votes_b": 4, "votes_equal": 0, "topic": "t_x", "strict": True, "pair_id": "p", "a_id": "a"}
    row = prepare.with_votes({"prompt": "p", "chosen": "c", "rejected": "r", "meta": meta})
    assert row["margin"] == pytest.approx(0.6)
    assert row["meta"] == {"topic": "t_x", "strict": True, "pair_id": "p"}
    assert prepare.debate(row) == "t"


def write_run(folder, data, accuracy, records, pairs):
    """What `tables.py` reads of a run that orders a share of the pairs right."""
    row = {"data": data, "split": "test", "slice": None, "n": len(records), "label_ties": 0, "longer_accuracy": 0.5}
    row |= {"accuracy": accuracy, "usable_bits": accuracy / 2}
    summary = {"train_pairs": pairs, "train_cpu_seconds": 9.0, "peak_memory_mb": 7.0, "model": {"parameters": 1}}
    write_json(folder / "summary.json", {**summary, "evaluation": [row]})
    right = round(accuracy * len(records))
    scored = [Scored(r.id, (float(i < right), 0.5), (1, 1), (False, False)) for i, r in enumerate(records)]
    write_scored(folder / "scored" / "test.jsonl", scored, records, {"name": "explicit"})


def test_tables_have_every_seed_of_the_paradigms_and_every_learning_curve(tmp_path, monkeypatch):
    tables = script("tables")
    monkeypatch.setattr(tables, "RESULTS", tmp_path / "results")
    records = [
        Preference("", f"good {i}", f"bad {i}", margin=margin, meta={"term": "t", "uid": "u", "strict": i > 0})
        for i, margin in enumerate((0.2, 0.4, 1.0, 1.0))
    ]
    for seed, accuracy in enumerate((0.25, 0.5, 1.0)):
        for backbone, data in (("tiny", "blimp"), ("tiny", "blimp_paradigms"), ("minilm", "ukpconvarg1")):
            write_rows(tmp_path / "data" / data / str(seed) / "test.jsonl", [record.to_row() for record in records])
            write_run(tmp_path / backbone / data / f"seed{seed}", data, accuracy, records, 8000)
        for backbone, data in (("tiny", "blimp"), ("minilm", "ukpconvarg1")):
            write_run(tmp_path / "curve" / backbone / data / "1000" / f"seed{seed}", data, accuracy / 2, records, 1000)
    tables.main(tmp_path)
    lines = (tmp_path / "results" / "tables.md").read_text().splitlines()
    assert f"| t: u | 12 | 58.3 {tables.bounds(*wilson(7, 12))} |" in lines
    for start in ("| tiny, from scratch | blimp |", "| MiniLM encoder | ukpconvarg1 |"):
        curve = [line for line in lines if line.startswith(start) and line.count("|") == 6]
        assert f"{start} 1000 | 29.2 ± 19.1 | 0.146 ± 0.095 |" in curve
        assert f"{start} 8000 | 58.3 ± 38.2 | 0.292 ± 0.191 |" in curve
    assert (tmp_path / "results" / "difficulty.svg").stat().st_size > 5000


def test_debates_are_unseen_or_seen_and_pairs_of_seen_ones_held_out(monkeypatch):
    prepare = script("prepare", "explicit_vs_implicit")
    monkeypatch.setattr(prepare, "SIZES", {"train": 60, "val": 20, "test": 15})
    rows = [{"id": index, "meta": {"topic": f"t{index % 8}_{'ab'[index % 2]}"}} for index in range(200)]
    splits = prepare.splits(rows, 0)
    assert {name: len(part) for name, part in splits.items()} == {"train": 60, "val": 20, "test": 15}
    debates = {name: {prepare.debate(row) for row in part} for name, part in splits.items()}
    assert debates["train"] == debates["val"]
    assert not debates["train"] & debates["test"]
    assert not {row["id"] for row in splits["train"]} & {row["id"] for row in splits["val"]}
    assert prepare.splits(rows, 1) != splits


def test_the_adversarial_core_is_all_that_is_taken_of_llmbar(tmp_path, monkeypatch):
    prepare = script("prepare", "explicit_vs_implicit")
    monkeypatch.setattr(prepare, "SIZES", {"train": 6, "val": 2, "test": 2})
    monkeypatch.setattr(prepare, "OTHER_DATA", 1)
    pair = {"prompt": "p", "chosen": "a", "rejected": "b"}
    votes = {"votes_a": 4, "votes_b": 1, "votes_equal": 0}
    rows = [pair | {"meta": {"topic": f"t{index % 8}_side", **votes}} for index in range(40)]
    write_rows(tmp_path / "arguments.jsonl", rows)
    write_rows(tmp_path / "dialogues.jsonl", [pair, pair | {"chosen": " "}])
    names = ("LLMBar/Adversarial/Manual", "LLMBar/Natural", "CaseStudy/Normal", "LLMBar/Adversarial/GPTOut")
    write_rows(tmp_path / "llmbar.jsonl", [pair | {"meta": {"subset": name}} for name in names])
    files = [tmp_path / f"{name}.jsonl" for name in ("arguments", "dialogues", "llmbar")]
    prepare.main(*files, tmp_path / "out")
    core = [parse_row(tmp_path, *row) for row in read_lines(tmp_path / "out" / "llmbar_core.jsonl")]
    assert [row["meta"] for row in core] == [{"topic": "Manual"}, {"topic": "GPTOut"}]
    train = [parse_row(tmp_path, *row) for row in read_lines(tmp_path / "out" / "0" / "train.jsonl")]
    assert [row["margin"] for row in train] == [0.6] * 6


def test_the_evaluation_over_seeds_becomes_tables(tmp_path, monkeypatch):
    tables = script("evaluation", "explicit_vs_implicit")
    monkeypatch.setattr(tables, "RESULTS", tmp_path / "results")
    records = [Preference(f"q{index}", "a" * (1 + index % 3), "bb") for index in range(12)]
    right = {"explicit0": 9, "implicit0": 6, "explicit1": 11, "implicit1": 6, "longer": 3}
    scores = {
        name: Scores(np.array([[float(place < n), 0.5] for place in range(12)]), name != "longer", name == "longer")
        for name, n in right.items()
    }
    found = judge(as_test_set(Origin("d", "test"), records), scores)
    groups = {method: [f"{method}0", f"{method}1"] for method in ("explicit", "implicit")}
    seeds = [to_row(row) for row in seed_rows(results_of(found), groups, list(right))]
    content = {"results": found.result_rows(), "comparisons": found.comparison_rows(), "seeds": seeds}
    write_json(tmp_path / "run" / "evaluation.json", content)
    tables.main(tmp_path / "run")
    lines = (tmp_path / "results" / "evaluation.md").read_text().splitlines()
    cells = [line.split(" | ") for line in lines if line.startswith("| d | ")]
    whole = {row[1]: row[2:4] for row in cells if row[1] in right}
    assert whole == {name: ["12", f"{100 * n / 12:.1f}"] for name, n in right.items()}
    means = {row[2]: float(row[3]) for row in cells if row[1] == "accuracy"}
    assert means == pytest.approx({"explicit": 0.833, "implicit": 0.5, "explicit - implicit": 0.333}, abs=1e-3)
    assert "| d | explicit1 - implicit1 | 41.7 |" in "\n".join(lines)
    assert "implicit0 - explicit1" not in "\n".join(lines)


def test_tables_of_explicit_vs_implicit_count_over_seeds(tmp_path, monkeypatch):
    tables = script("tables", "explicit_vs_implicit")
    monkeypatch.setattr(tables, "RESULTS", tmp_path / "results")
    figures = dict.fromkeys(("accuracy", "nll", "temperature", "nll_at_temperature", "ece", "ece_if_calibrated"), 0.5)
    flip = {"kind": "all", "flipped": {"n": 10, "value": 0.2}, "sum_right": {"n": 2, "value": 0.5}}
    for seed, share in enumerate((0.5, 0.75)):
        one = {
            "name": "val",
            "kind": "held_out",
            "split": "val",
            "pairs": 10,
            "looked_at": 10,
            "slices": [],
            "before": None,
        }
        one |= {"explicit": {**figures, "accuracy": share}, "implicit": figures, "flips": [flip]}
        one |= {"paired": {"difference": share - 0.5, "bootstrap_p": 0.01}, "explicit_nll_at_first": None}
        one |= {"agreement": {"same_order": share, "spearman_margin": 0.1}, "implicit_nll_at_first": 0.6}
        summary = {"data": "d", "seed": seed, "beta": 0.1, "train_pairs": 5, "scale": None, "disagreements": 1}
        summary |= {"progress": [], "seconds": {"all": 9.0}, "sets": [one]}
        summary |= {"splits": {"val": {"baselines": {"longer": {"accuracy": 0.6}}}}}
        write_json(tmp_path / "synthetic" / f"seed{seed}" / "summary.json", summary)
        records = [Preference("q", "a", f"b{i}") for i in range(4)]
        for name, margins in (("explicit", (1, 1, -1, 1)), ("implicit", (1, -1, -1, -1)), ("gold", (1, 1, 1, -1))):
            scored = [
                Scored(r.id, (float(m), 0.0), (1, 1), (False, False)) for r, m in zip(records, margins, strict=True)
            ]
            place = tmp_path / "gold" / f"seed{seed}" / "scored" / "test.jsonl"
            if name != "gold":
                place = tmp_path / "synthetic" / f"seed{seed}" / "scored" / f"test.{name}.jsonl"
            write_scored(place, scored, records, {"name": name})
    tables.main(tmp_path)
    lines = (tmp_path / "results" / "tables.md").read_text().splitlines()
    cells = ["10/10", "50.0, 75.0", "50.0, 50.0", "60.0, 60.0", "+12.5 (2 of 2)", "", "50.0, 75.0", "0.10, 0.10"]
    assert f"| synthetic | val | {' | '.join(cells)} |" in lines
    assert "| synthetic | val | all | 20 | 20.0 | 50.0 |" in lines
    # of four pairs each orders two as gold does; of the two on which they part, gold takes each side once
    (row,) = [line for line in lines if line.startswith("| seed0 | 4 |")]
    assert row.startswith("| seed0 | 4 | 50.0 | 50.0 |")
    assert row.endswith("| 2 | 50.0 |")


def test_noisy_halves_share_no_group_and_right_labels_are_kept_apart(tmp_path):
    filtering = script("prepare", "filtering")
    records = [
        Preference("p", f"a{index}", f"b{index}", meta={"topic": f"t{index % 6}_side"}, id=str(index))
        for index in range(120)
    ]
    filtering.write(tmp_path, 1, {"train": records, "val": records[:2], "test": records[2:4]}, filtering.debate)

    def part(name):
        rows = read_lines(tmp_path / "noise30" / "1" / f"{name}.jsonl")
        return [Preference.from_row(parse_row(tmp_path, *row)) for row in rows]

    everything, a, b = part("all"), part("a"), part("b")
    assert not {filtering.debate(pair) for pair in a} & {filtering.debate(pair) for pair in b}
    assert len(a) + len(b) == len(everything) == 120
    flipped = [pair for pair in everything if pair.meta["flipped"]]
    assert len(flipped) == 36
    assert all(pair.target == 0 for pair in flipped)
    assert {pair.id for pair in part("right")} == {pair.id for pair in everything} - {pair.id for pair in flipped}
    assert [pair.target for pair in part("test")] == [1.0, 1.0]


def curves(folder, kl, proxy, gold):
    """What `tables.py` reads of a PPO run."""
    names, steps = ("step", "seconds", "rollout/kl", "rollout/reward", "rollout/gold"), range(1, len(kl) + 1)
    rows = [",".join(map(str, row)) for row in zip(steps, steps, kl, proxy, gold, strict=True)]
    folder.mkdir(parents=True)
    (folder / "metrics.csv").write_text("\n".join([",".join(names), *rows]) + "\n")
    change = {"before": 0.0, "after": 1.0}
    write_json(folder / "summary.json", {"reward": change | {"sd_before": 2.0}, "gold": change | {"sd_before": 0.5}})


def test_overoptimisation_is_told_by_peak_and_end(tmp_path):
    tables = script("tables", "overoptimisation")
    d = [step / 4 for step in range(30)]
    gain = [x * (1.0 - 0.25 * x) for x in d]  # highest at d = 2, 0 at d = 4
    curves(tmp_path / "rl/gae/kl0.0/100-0.0/0", [x * x for x in d], [2 * x for x in d], [x / 2 for x in gain])
    curves(tmp_path / "rl/gae/kl0.1/100-0.0/0", [x * x / 30 for x in d], [x / 9 for x in d], [x / 18 for x in d])
    tables.main(tmp_path, tmp_path / "results")
    text = (tmp_path / "results" / "tables.md").read_text()
    assert "| gae kl 0.0 | 100-0.0 | 1 | 1 | 1 |" in text
    assert "| gae kl 0.1 | all of label noise 0 | 1 | 0 | 0 |" in text
    assert (tmp_path / "results" / "overoptimisation.svg").read_text().startswith("<?xml")


def test_the_iteration_that_passes_a_mark_is_the_last_of_its_window(tmp_path):
    tables = script("tables", "online_rl")
    run = tmp_path / "gold" / "rloo" / "0"
    run.mkdir(parents=True)
    names = ("step", "seconds", "rollout/kl", "rollout/gold")
    rows = [(step, 2 * step, step / 10, gold) for step, gold in enumerate([1, 1, 3, 3, 3, 9], start=1)]
    (run / "metrics.csv").write_text("\n".join(",".join(map(str, row)) for row in (names, *rows)) + "\n")
    write_json(run / "summary.json", {"gold": {"before": 1.0, "after": 9.0, "sd_before": 2.0}, "kl": 0.6})
    tables.main(tmp_path, tmp_path / "results")
    text = (tmp_path / "results" / "tables.md").read_text()
    # gains of 0 0 1 1 1 4 deviations: three in a row are above 1 for the first time at the end, and never at 2.5
    assert "| RLOO | 0 | 1.00 | 9.000 | 6, 0.6, 12 | - | 4.00 | 0.6 | 6 | 12 |" in text


def test_fits_find_their_own_curves():
    tables = script("tables", "overoptimisation")
    d = tables.np.linspace(0.2, 4, 20)
    for logarithm, curve in ((False, d * (1.5 - 0.3 * d)), (True, d * (1.5 - 0.3 * tables.np.log(d)))):
        assert tables.fit(d * d, curve, logarithm=logarithm) == pytest.approx((1.5, 0.3, 0.0), abs=1e-9)
