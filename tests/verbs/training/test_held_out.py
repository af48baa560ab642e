"""What `train` says about the finished model on pairs that it did not learn from."""

import json
from pathlib import Path

import pytest
from statsmodels.stats.proportion import proportion_confint

from rmexp.cli import main
from rmexp.jsonl import parse_row, write_rows
from rmexp.lines import read_lines
from rmexp.scoring.scored_file import read_scored
from rmexp.sources.json_vs_text import json_vs_text

SMOKE = ["trainer=smoke", "logger=csv", "run_dir=run", "data.pairs=60", "data.unseen_pairs=10"]


def rows(path):
    return [parse_row(Path(path), number, line) for number, line in read_lines(Path(path))]


@pytest.mark.parametrize(("task", "scorer"), [("reward", "explicit"), ("dpo", "implicit")])
def test_the_saved_model_gets_the_figures_of_the_last_validation(here, task, scorer):
    assert main(["train", f"task={task}", *SMOKE]) == 0
    summary = json.loads(Path("run/summary.json").read_text())
    val, unseen = summary["evaluation"]
    assert (val["scorer"], val["data"], val["split"], val["slice"]) == (scorer, "json_vs_text", "val", None)
    assert (unseen["split"], unseen["n"]) == ("unseen", 10)
    assert val["n"] == summary["val"]["n"]
    assert val["accuracy"] == pytest.approx(summary["val"]["accuracy"])
    assert val["nll"] == pytest.approx(summary["val"]["loss"], abs=1e-5)


def test_every_pair_has_its_bits_and_the_mean_is_the_figure(here):
    assert main(["train", *SMOKE]) == 0
    pairs = rows("run/usable_information.jsonl")
    scored, _ = read_scored(Path("run/scored/unseen.jsonl"))
    unseen = [row for row in pairs if row["split"] == "unseen"]
    assert [row["id"] for row in unseen] == [row.id for row in scored]
    assert [row["margin"] for row in unseen] == pytest.approx([row.scores[0] - row.scores[1] for row in scored])
    figures = json.loads(Path("run/summary.json").read_text())["evaluation"][1]
    assert sum(row["bits"] for row in unseen) / 10 == pytest.approx(figures["usable_bits"])


@pytest.fixture
def nine_pairs_a_prompt(here):
    """30 prompts with nine pairs each, of which half the prompts are wrong throughout."""
    write_rows(
        here / "pairs.jsonl",
        (
            {"id": f"{i}-{k}", "prompt": f"Q{i}", "chosen": "right " * (1 + (i + k) % 3), "rejected": f"wrong {k} {i}"}
            for i in range(30)
            for k in range(9)
        ),
    )
    return ["data=jsonl", "data.path=pairs.jsonl", "data.max_tokens=64"]


def test_pairs_that_were_trained_on_are_marked_where_their_figure_stands(nine_pairs_a_prompt, capsys):
    """In the terminal, in the summary, in the verdict of the page, on the leaderboard and in the index."""
    assert main(["train", *SMOKE[:3], *nine_pairs_a_prompt, "data.val_path=pairs.jsonl"]) == 0
    mark = "270 of 270 trained on"
    assert f"{mark})" in capsys.readouterr().out
    (row,) = json.loads(Path("run/summary.json").read_text())["evaluation"]
    assert (row["n"], row["trained_on"]) == (270, 270)
    assert main(["report", "run_dir=run"]) == 0
    assert mark in Path("run/report.html").read_text().partition("<nav")[0]
    Path("all").mkdir()
    Path("run").rename("all/run")
    assert main(["report", "run_dir=all"]) == 0
    assert f"({mark})" in capsys.readouterr().out
    assert f"({mark})" in Path("all/leaderboard.md").read_text()
    assert f" % ({mark})</td>" in Path("all/index.html").read_text()


def test_pairs_without_a_preference_are_no_pairs_that_a_figure_was_learnt_from(nine_pairs_a_prompt, capsys):
    found = [json.loads(line) for line in Path("pairs.jsonl").read_text().splitlines()]
    write_rows(Path("pairs.jsonl"), ({**row, "target": 0.5 if place % 3 else 1} for place, row in enumerate(found)))
    options = ["data.format.target=target", "data.val_path=pairs.jsonl"]
    assert main(["train", *SMOKE[:3], *nine_pairs_a_prompt, *options]) == 0
    assert "(90 of 90 trained on)" in capsys.readouterr().out
    (row,) = json.loads(Path("run/summary.json").read_text())["evaluation"]
    assert (row["n"], row["label_ties"], row["trained_on"]) == (270, 180, 90)


def test_train_says_of_its_model_what_evaluate_says(nine_pairs_a_prompt, capsys):
    assert main(["train", *SMOKE[:3], *nine_pairs_a_prompt, "data.val_fraction=0.5"]) == 0
    assert "\naccuracies: 95 % by prompt\n" in capsys.readouterr().out
    model = ["scorer=explicit", "scorer.path=run/model", "baselines=[]", "splits=[val]", "run_dir=judged"]
    assert main(["evaluate", *model, *nine_pairs_a_prompt, "data.val_fraction=0.5"]) == 0
    summary = json.loads(Path("run/summary.json").read_text())
    (row,) = summary["evaluation"]
    (other,) = [one for one in json.loads(Path("judged/evaluation.json").read_text())["results"] if not one["slice"]]
    shared = row.keys() & other.keys()
    assert shared >= {"accuracy_low", "accuracy_high", "nll_low", "usable_bits_low", "brier_high", "clusters", "ece"}
    numbers = {key for key in shared if isinstance(row[key], float)}
    seven_digits = {"rel": 1e-5, "abs": 1e-6}  # of the rewards that the validation has left
    assert {key: row[key] for key in numbers} == pytest.approx({key: other[key] for key in numbers}, **seven_digits)
    assert {key: row[key] for key in shared - numbers} == {key: other[key] for key in shared - numbers}
    assert (row["n"], row["clusters"]) == (135, 15)
    assert [summary["val"][key] for key in ("accuracy_low", "accuracy_high")] == pytest.approx(
        [row["accuracy_low"], row["accuracy_high"]]
    )
    low, high = proportion_confint(round(135 * row["accuracy"]), 135, method="wilson")
    assert row["accuracy_high"] - row["accuracy_low"] > 1.2 * (high - low)  # which takes 135 pairs as independent
    assert {one["cluster"] for one in rows("run/usable_information.jsonl")} == set(range(15))


def test_a_file_that_nothing_is_trained_on_is_judged_whole(here):
    pair = '{"prompt": "p%d", "chosen": "a", "rejected": "b"}\n'
    for name, count in (("x", 10), ("y", 7), ("z", 5)):
        Path(f"{name}.jsonl").write_text("".join(pair % i for i in range(count)))
    sets = [f"+data@tests.{name}=jsonl" for name in ("whole", "own", "test")]
    paths = ["tests.whole.path=x.jsonl", "tests.own.path=x.jsonl", "tests.own.val_path=y.jsonl"]
    paths += ["tests.test.path=x.jsonl", "tests.test.test_path=z.jsonl"]
    assert main(["train", *SMOKE, *sets, *paths]) == 0
    evaluation = json.loads(Path("run/summary.json").read_text())["evaluation"]
    found = {(row["data"], row["split"]): row["n"] for row in evaluation if row["data"] != "json_vs_text"}
    assert found == {("whole", "all"): 10, ("own", "val"): 7, ("test", "test"): 5}


def test_the_file_that_is_trained_on_is_judged_on_what_is_not_learnt(here):
    rows = ({"prompt": f"p{i}", "chosen": "a", "rejected": "b"} for i in range(20))
    write_rows(here / "own.jsonl", rows)
    data = ["data=jsonl", "data.path=own.jsonl", "data.val_fraction=0.25", "data.label_noise=0.2"]
    same = ["+data@tests.same=jsonl", "tests.same.path=own.jsonl"]
    assert main(["train", *SMOKE[:3], *data, *same]) == 0
    summary = json.loads(Path("run/summary.json").read_text())
    found = {(row["data"], row["split"]): row["n"] for row in summary["evaluation"]}
    assert found == {("own", "val"): 5, ("same", "val"): 5}
    assert summary["leaks"].get("by_set", {}).get("tests.same", 0) == 0
    scored = [[row.id for row in read_scored(Path(f"run/scored/{name}.jsonl"))[0]] for name in ("val", "same-val")]
    assert scored[0] == scored[1]


def test_a_test_set_that_is_trained_on_throughout_is_refused(here, capsys):
    write_rows(here / "own.jsonl", ({"prompt": f"p{i}", "chosen": "a", "rejected": "b"} for i in range(6)))
    data = ["data=jsonl", "data.path=own.jsonl", "data.val_fraction=0"]
    assert main(["train", *SMOKE[:3], *data, "+data@tests.same=jsonl", "tests.same.path=own.jsonl"]) == 1
    assert "all pairs of the split `all` of tests.same are trained on" in capsys.readouterr().err


def test_other_data_sets_are_scored_on_what_their_own_training_would_not_see(here):
    other = ["+data@tests.other=json_vs_text", "tests.other.pairs=40", "tests.other.seed=3", "+data@tests.x=jsonl"]
    Path("x.jsonl").write_text(
        '{"prompt": "p", "chosen": "a", "rejected": "b"}\n{"prompt": "q", "chosen": "c", "rejected": "d"}'
    )
    assert main(["train", *SMOKE, *other, "tests.x.path=x.jsonl"]) == 0
    evaluation = json.loads(Path("run/summary.json").read_text())["evaluation"]
    found = {(row["data"], row["split"]): row["n"] for row in evaluation}
    assert found == {("json_vs_text", "val"): 12, ("json_vs_text", "unseen"): 10, ("other", "val"): 8, ("x", "all"): 2}
    assert {path.stem for path in Path("run/scored").glob("*[lnr].jsonl")} == {"val", "unseen", "other-val", "x-all"}


def test_bad_rows_of_a_test_set_are_kept_and_counted(here):
    Path("x.jsonl").write_text('{"prompt": "p", "chosen": "a", "rejected": "b"}\n{"prompt": "q", "chosen": "c"}\n')
    test = ["+data@tests.x=jsonl", "tests.x.path=null", "tests.x.test_path=x.jsonl", "tests.x.on_bad_row=skip"]
    assert main(["train", *SMOKE, *test]) == 0
    assert [(row["path"], row["line"]) for row in rows("run/bad_rows.jsonl")] == [("x.jsonl", 2)]
    assert json.loads(Path("run/summary.json").read_text())["bad_rows"] == 1


def test_a_test_set_that_changed_makes_a_new_run(here, capsys):
    text = '{"prompt": "p", "chosen": "a", "rejected": "b"}\n{"prompt": "q", "chosen": "c", "rejected": "d"}'
    Path("x.jsonl").write_text(text)
    command = ["train", *SMOKE, "+data@tests.x=jsonl", "tests.x.path=x.jsonl"]
    assert main(command) == 0
    Path("x.jsonl").write_text(text.replace('"a"', '"e"'))
    assert main(command) == 0
    assert "moved to run-outdated-1" in capsys.readouterr().err


def test_difficulty_bins_part_the_evaluation(here):
    assert main(["train", *SMOKE]) == 0
    ids = {row["id"]: "easy" if index % 3 else "hard" for index, row in enumerate(rows("run/usable_information.jsonl"))}
    train = json_vs_text(pairs=60, unseen_pairs=10, seed=0).splits["train"]
    ids |= {record.id: "easy" for record in train}
    Path("d.jsonl").write_text("\n".join(json.dumps({"id": id, "bin": name}) for id, name in ids.items()))
    assert main(["train", *SMOKE[:2], "run_dir=binned", *SMOKE[3:], "data.difficulty=d.jsonl"]) == 0
    evaluation = json.loads(Path("binned/summary.json").read_text())["evaluation"]
    whole, *parts = [row for row in evaluation if row["split"] == "val"]
    assert [row["slice"] for row in parts] == ["difficulty=easy", "difficulty=hard"]
    assert sum(row["n"] for row in parts) == whole["n"] == 12
    for figure in ("nll", "longer_accuracy"):
        assert sum(row[figure] * row["n"] for row in parts) / 12 == pytest.approx(whole[figure])


def test_a_mixture_is_judged_part_by_part(here):
    parts = ["data=mixture", "+data@data.parts.formats=json_vs_text", "+data@data.parts.replies=synthetic"]
    sizes = ["data.parts.formats.pairs=30", "data.parts.replies.pairs=24", "data.parts.replies.val_pairs=15"]
    assert main(["train", *SMOKE[:3], *parts, *sizes, "data.parts.replies.test_pairs=9"]) == 0
    evaluation = json.loads(Path("run/summary.json").read_text())["evaluation"]
    found = {(row["split"], row["slice"]): row["n"] for row in evaluation}
    assert found == {
        ("val", None): 21, ("val", "source=formats"): 6, ("val", "source=replies"): 15, ("test", None): 9,
        ("unseen", None): 80,
    }  # fmt: skip
    assert [row["slice"] for row in evaluation if "bayes_accuracy" in row] == ["source=replies", None]


def test_what_the_length_limit_does_to_held_out_pairs_is_told_before_training(here, capsys):
    text = '{"prompt": "p%d", "chosen": "%s", "rejected": "b"}\n'
    Path("short.jsonl").write_text("".join(text % (i, "a") for i in range(10)))
    long = "".join(text % (i, "z" * 99) for i in range(3)) + text.replace('"b"', f'"{"z" * 98}"') % (3, "z" * 99)
    Path("long.jsonl").write_text(long)
    command = ["train", *SMOKE[:3], "data=jsonl", "data.path=short.jsonl", "data.test_path=long.jsonl"]
    assert main([*command, "data.max_tokens=24", "data.truncation=drop"]) == 0
    assert "test: 4 of 4 pairs cut to 24 tokens, 1 identical\n" in capsys.readouterr().err
    val, test = json.loads(Path("run/summary.json").read_text())["evaluation"]
    assert (val["truncated"], test["truncated"], test["identical"], test["tie_rate"]) == (0, 4, 1, 0.25)
    assert main([*command, "run_dir=never", "data.max_tokens=24", "data.truncation=error"]) == 1
    assert "5 of 8 sequences have more than 24 tokens" in capsys.readouterr().err
    assert not Path("never/checkpoints").exists()


def test_sft_learns_no_preference(here):
    assert main(["train", "task=sft", *SMOKE]) == 0
    assert json.loads(Path("run/summary.json").read_text())["evaluation"] == []


def test_training_pairs_that_leak_into_a_test_set_are_told_and_counted(here, capsys):
    train = json_vs_text(pairs=60, unseen_pairs=10, seed=0).splits["train"]
    leaking = [{"prompt": record.prompt, "chosen": f"a {i}", "rejected": "b"} for i, record in enumerate(train[:2])]
    Path("x.jsonl").write_text("\n".join(map(json.dumps, leaking)))
    assert main(["train", *SMOKE, "+data@tests.x=jsonl", "tests.x.path=null", "tests.x.test_path=x.jsonl"]) == 0
    leaks = json.loads(Path("run/summary.json").read_text())["leaks"]
    assert leaks["by_set"]["tests.x"] == leaks["exact"] >= 2
    assert "tests.x" in capsys.readouterr().err
