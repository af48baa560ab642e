import json
import math
import shutil
from pathlib import Path

import pytest

from rmexp.cli import main
from rmexp.jsonl import write_rows

RULE = ["scorer=baseline", "scorer.kind=shorter"]


def rows(count=40, prefix="Q"):
    for i in range(count):
        yield {
            "id": f"{prefix}{i}", "prompt": f"{prefix}{i // 2}", "chosen": "right " * (1 + i % 3),
            "rejected": f"wrong answer {i}", "meta": {"topic": "ab"[i % 2]},
        }  # fmt: skip


@pytest.fixture
def data(here):
    write_rows(here / "pairs.jsonl", rows())
    return ["data=jsonl", "data.path=pairs.jsonl"]


def evaluation(folder="run"):
    return json.loads(Path(folder, "evaluation.json").read_text())


def result(folder="run", **wanted):
    (row,) = [r for r in evaluation(folder)["results"] if all(r[key] == value for key, value in wanted.items())]
    return row


def test_an_explicit_model_beside_rules(data, reward_folder, capsys):
    options = ["data.max_tokens=128", "threads=1", "data.cache_dir=null", "run_dir=run"]
    assert main(["evaluate", "scorer=explicit", f"scorer.path={reward_folder}", *data, *options]) == 0
    row = result(scorer="explicit", slice=None)
    assert row["n"] == 40
    scored = [
        json.loads(line)["scores"] for line in Path("run/scored/explicit/pairs-all.jsonl").read_text().splitlines()
    ]
    margins = [first - second for first, second in scored]
    assert row["accuracy"] == sum(m > 0 for m in margins) / 40
    assert row["nll"] == pytest.approx(sum(math.log1p(math.exp(-m)) for m in margins) / 40, abs=1e-6)
    assert {
        "scorer",
        "data",
        "slice",
        "n",
        "accuracy",
        "accuracy_low",
        "accuracy_high",
        "tie_rate",
        "nll",
        "brier",
        "ece",
    } <= set(row)
    assert {r["scorer"] for r in evaluation()["results"]} == {"explicit", "longer", "shorter", "markdown", "random"}
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == f"report       {Path('run') / 'report.html'}"
    assert "explicit - " in out
    assert "accuracies: 95 % by prompt\n" in out
    assert "differences: 95 % by prompt\n" in out
    assert Path("run/report.html").read_text().count("towards Clopper") == 1


def test_scores_that_are_no_log_odds_have_no_figures_of_probabilities(data, reward_folder, capsys):
    shutil.copytree(reward_folder, "model")
    contract = json.loads(Path("model/contract.json").read_text())
    Path("model/contract.json").write_text(json.dumps(contract | {"reward_mean": 0.0, "reward_sd": 2.0}))
    scorers = ["scorer=baseline", "scorer.kind=longer", "scorers.scaled.standardised=true"]
    for name in ("shifted", "scaled"):
        scorers += [f"+scorer@scorers.{name}=centred", f"scorers.{name}.path=model"]
    assert main(["evaluate", *scorers, *data, "data.max_tokens=128", "threads=1", "draws=50", "run_dir=run"]) == 0
    of_probabilities = ("nll", "nll_low", "brier", "ece", "temperature", "usable_bits")
    page, lines = Path("run/report.html").read_text(), capsys.readouterr().out.splitlines()
    for name, log_odds in (("longer", False), ("scaled", False), ("shifted", True)):
        row = result(scorer=name, slice=None)
        assert [row[key] is not None for key in of_probabilities] == [log_odds] * len(of_probabilities)
        assert not row["baseline"]
        (line,) = [line for line in lines if line.startswith(f"{name}  ")]
        assert (line.split()[-3:] == ["-"] * 3) is not log_odds
        errors = page.split(f"<h3>Most confident errors of {name}</h3>")[1].split("<h3>")[0]
        assert (" sure)" in errors) is log_odds
    (compared,) = [r for r in evaluation()["comparisons"] if (r["first"], r["second"]) == ("longer", "shifted")][:1]
    assert compared["nll_difference"] is None


@pytest.mark.slow
def test_a_rule_is_the_same_as_a_scorer_as_a_baseline_and_in_a_profile(data):
    kinds = ["random", "prompt_overlap", "list_items", "longer"]
    accuracy = {}
    for kind in kinds:
        options = ["scorer=baseline", f"scorer.kind={kind}", "draws=20", f"run_dir={kind}"]
        assert main(["evaluate", *options, *data, "baselines=[first_token]"]) == 0
        accuracy[kind] = result(kind, scorer=kind, slice=None)["accuracy"]
    assert main(["evaluate", *RULE, *data, f"baselines=[{','.join(kinds)}]", "draws=20", "run_dir=rules"]) == 0
    assert {kind: result("rules", scorer=kind, slice=None)["accuracy"] for kind in kinds} == accuracy
    assert main(["profile", *data, "run_dir=profile"]) == 0
    baselines = json.loads(Path("profile/profile.json").read_text())["baselines"]
    assert {kind: baselines[kind]["accuracy"] for kind in kinds} == accuracy
    assert result("random", scorer="first_token", slice=None)["accuracy"] == baselines["first_token"]["accuracy"]


def test_several_scorers_data_sets_and_slices(data, capsys):
    write_rows(Path("other.jsonl"), rows(10, "R"))
    more = [
        "+scorer@scorers.marks=baseline",
        "scorers.marks.kind=markdown",
        "+scorer@scorers.coin=baseline",
        "scorers.coin.kind=random",
    ]
    tests = ["+data@tests.other=jsonl", "tests.other.path=other.jsonl"]
    seeds = ["seeds.one=[shorter,coin]", "seeds.two=[marks,coin]"]
    assert (
        main(["evaluate", *RULE, *more, *data, *tests, *seeds, "slices=[meta.topic]", "draws=200", "run_dir=run"]) == 0
    )
    found = evaluation()
    assert {(r["data"], r["split"]) for r in found["results"]} == {("pairs", "all"), ("other", "all")}
    assert {r["scorer"] for r in found["results"] if not r["baseline"]} == {"shorter", "marks", "coin"}
    assert result(scorer="shorter", data="pairs", slice="meta.topic=a")["n"] == 20
    assert {(r["first"], r["second"]) for r in found["comparisons"]} >= {("shorter", "marks"), ("marks", "coin")}
    assert {(s["method"], s["against"]) for s in found["seeds"]} == {("one", None), ("two", None), ("one", "two")}
    page = Path("run/report.html").read_text()
    assert "Most confident errors of coin" in page
    assert "Welch" in page
    assert "one - two" in capsys.readouterr().out


def test_a_field_that_only_one_data_set_has_makes_slices_of_that_one(data, capsys):
    write_rows(Path("other.jsonl"), ({**row, "meta": {"source": "s"}} for row in rows(10, "R")))
    tests = ["+data@tests.other=jsonl", "tests.other.path=other.jsonl", "slices=[meta.topic,meta.source]"]
    assert main(["evaluate", *RULE, *data, *tests, "draws=50", "run_dir=run"]) == 0
    slices = {(r["data"], r["slice"]) for r in evaluation()["results"] if str(r["slice"]).startswith("meta")}
    assert slices == {("pairs", "meta.topic=a"), ("pairs", "meta.topic=b"), ("other", "meta.source=s")}
    assert "other all has no field meta.topic: no slices by it there" in "".join(capsys.readouterr())


def test_what_a_training_on_the_file_holds_out(data):
    write_rows(Path("other.jsonl"), rows(10, "R"))
    options = ["+data@tests.other=jsonl", "tests.other.path=other.jsonl", "splits=[val,all]", "draws=50"]
    assert main(["evaluate", *RULE, *data, *options, "data.group=meta.topic", "run_dir=run"]) == 0
    assert main(["train", *data, "data.group=meta.topic", "trainer=smoke", "logger=csv", "run_dir=rm"]) == 0
    held_out = json.loads(Path("rm/summary.json").read_text())["val"]["n"]
    assert result(scorer="shorter", data="pairs", split="val", slice=None)["n"] == held_out == 20
    assert result(scorer="shorter", data="other", split="all", slice=None)["n"] == 10


def test_a_finished_evaluation_shows_itself_again(data, capsys):
    for _ in range(2):
        assert main(["evaluate", *RULE, *data, "draws=100", "run_dir=run"]) == 0
    first, second = capsys.readouterr().out.split("pairs all")[1:]
    assert first == second


def test_splits_of_the_data(here):
    write_rows(here / "train.jsonl", rows())
    write_rows(here / "val.jsonl", rows(6, "V"))
    paths = ["data=jsonl", "data.path=train.jsonl", "data.val_path=val.jsonl", "draws=50"]
    assert main(["evaluate", *RULE, *paths, "run_dir=val"]) == 0
    assert {r["split"] for r in evaluation("val")["results"]} == {"val"}
    assert main(["evaluate", *RULE, *paths, "splits=[train,val]", "run_dir=both"]) == 0
    assert {r["split"] for r in evaluation("both")["results"]} == {"train", "val"}


def test_lists_whose_worth_is_known(data, monkeypatch):
    from rmexp.preference_data import PreferenceData
    from rmexp.records import Candidates
    from rmexp.verbs import data as verb_data

    lists = tuple(Candidates(f"p{i}", ("a", "bbb", "cc"), (0.0, float(i), 1.0)) for i in range(4))
    load = verb_data.load_data
    monkeypatch.setattr(
        verb_data, "load_data", lambda node: load(node)._replace(records=PreferenceData({}, {"lists": lists}))
    )
    assert main(["evaluate", "scorer=baseline", *data, "run_dir=run"]) == 0
    row = result(scorer="longer")
    assert (row["records"], row["n"], row["accuracy"]) == ("lists", 4, 0.75)  # equal worth is as good; 0 is the worst
    assert row["gold_picked"] == (0 + 1 + 2 + 3) / 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["splits=[tset]"], "expected the splits tset, but there are all (set splits)"),
        (
            ["slices=[meta.x]"],
            "pairs.jsonl:1 has no field meta.x; it has meta.topic (set slices; data.format.meta=[x] keeps a column)",
        ),
        (["baselines=[longest]"], "baselines must be among longer"),
        (["+scorer@scorers.shorter=baseline"], "two scorers are called shorter"),
        (["+data@tests.pairs=jsonl", "tests.pairs.path=pairs.jsonl"], "two data sets are called pairs"),
        (["seeds.a=[nobody]"], "seeds.a names nobody, but the scorers are shorter"),
        (["scorer.pairs=none.jsonl"], "none.jsonl: expected a file of pairs, but there is none (set scorer.pairs)"),
        (
            ["+scorer@scorers.b=scored_file", "scorers.b.path=none"],
            "none: expected a scored file or a folder of such files, but there is none (set scorers.b.path)",
        ),
    ],
)
def test_mistakes_are_one_sentence(data, capsys, options, message):
    assert main(["evaluate", *RULE, *data, *options, "run_dir=run"]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert message in error
    assert error.startswith("rmexp: ")
    assert not Path("run/summary.json").exists()
    assert not Path("run/evaluation.json").exists()


def test_scored_files_of_other_records_are_refused_with_both_fingerprints(data, capsys):
    assert main(["score", *RULE, *data, "run_dir=scores"]) == 0
    scored = json.loads(Path("scores/scored/all.manifest.json").read_text())["data"]
    write_rows(Path("pairs.jsonl"), rows(39))
    assert main(["score", *RULE, *data, "run_dir=others"]) == 0
    there = json.loads(Path("others/scored/all.manifest.json").read_text())["data"]
    second = ["scorer=scored_file", "scorer.path=others/scored", "+scorer@scorers.other=scored_file"]
    assert main(["evaluate", *second, "scorers.other.path=scores/scored", *data, "run_dir=run"]) == 1
    message = f"has scores of the data {scored}, but these 39 records are the data {there}"
    assert message in capsys.readouterr().err
    assert not Path("run/evaluation.json").exists()


@pytest.mark.parametrize("score", ["NaN", "Infinity", "1e999"])
def test_scores_that_are_no_numbers_are_refused(data, capsys, score):
    assert main(["score", *RULE, *data, "run_dir=scores"]) == 0
    file = Path("scores/scored/all.jsonl")
    lines = file.read_text().splitlines()
    lines[6] = lines[6].replace("-6.0", score).replace("-12.0", score).replace("-18.0", score)
    file.write_text("\n".join(lines))
    assert main(["evaluate", "scorer=scored_file", "scorer.path=scores/scored", *data, "run_dir=run"]) == 1
    assert "all.jsonl:7: record Q6: a score must be finite, got" in capsys.readouterr().err


def test_a_suite_has_its_own_aggregate(here, capsys):
    from rmexp.suites.llmbar import ADVERSARIAL

    subsets = ["Natural", *(f"Adversarial/{name}" for name in ADVERSARIAL)]
    for index, subset in enumerate(subsets):
        (here / "LLMBar" / subset).mkdir(parents=True)
        row = {"input": f"p{index}", "output_1": "short", "output_2": "rather long", "label": 1 + index % 2}
        (here / "LLMBar" / subset / "dataset.json").write_text(json.dumps([row]))
    options = ["data=llmbar", "data.path=LLMBar", "baselines=[longer]", "slices=[meta.folder]", "run_dir=run"]
    assert main(["evaluate", *RULE, *options]) == 0
    figures = {row["scorer"]: row["figures"] for row in evaluation()["suites"]}
    assert (figures["shorter"]["score"], figures["longer"]["score"]) == (0.6, 0.4)
    assert result(scorer="shorter", slice="meta.folder=Natural")["accuracy"] == 1.0
    assert "60.0 %" in capsys.readouterr().out
    assert "What the public benchmark itself makes of it" in Path("run/report.html").read_text()


def test_lists_of_a_suite_by_slice(here):
    rows = [
        {"id": f"{i}", "prompt": f"p{i}", "chosen": ["short"], "rejected": ["longer one", "b" * i, "c" * 20],
         "subset": "Math" if i < 3 else "Focus"}
        for i in range(1, 6)
    ]  # fmt: skip
    write_rows(here / "rb2.jsonl", rows)
    options = ["data=reward_bench_2", "data.path=rb2.jsonl", "slices=[meta.subset]", "run_dir=run"]
    assert main(["evaluate", *RULE, *options]) == 0
    assert result(scorer="shorter", slice=None)["accuracy"] == pytest.approx(0.5 / 5)  # only `bbbbb` is no shorter
    assert result(scorer="longer", slice="meta.subset=Math")["accuracy"] == 0.0
    (suite,) = [row for row in evaluation()["suites"] if row["scorer"] == "shorter"]
    assert (suite["figures"]["Focus"], suite["figures"]["score"]) == (pytest.approx(0.5 / 3), None)
    assert "meta.subset=Focus" in Path("run/report.html").read_text()


def test_the_ceiling_of_synthetic_data(here, capsys):
    options = ["data=synthetic", "data.pairs=10", "data.val_pairs=10", "data.test_pairs=400", "splits=[test]"]
    assert main(["evaluate", "scorer=gold", *options, "run_dir=run"]) == 0
    row = result(scorer="gold", slice=None)
    assert (
        row["accuracy_low"] < row["bayes_accuracy"] < row["accuracy_high"]
    )  # gold orders as the true probabilities do
    assert row["against_truth"]["expected_accuracy"] == pytest.approx(row["bayes_accuracy"], abs=1e-6)
    assert row["temperature"] == pytest.approx(0.35, abs=0.1)  # gold differences are log-odds times the temperature
    assert "best possible" in capsys.readouterr().out


@pytest.mark.slow
def test_a_model_trained_on_synthetic_data_lies_where_statistics_puts_it(here):
    data = ["data=synthetic", "data.pairs=8000", "data.test_pairs=4000"]
    train = [
        "task=reward",
        "model=tiny",
        "optimizer.lr=2e-3",
        "trainer.max_epochs=3",
        "trainer.threads=1",
        "logger=csv",
    ]
    assert main(["train", *train, *data, "run_dir=model"]) == 0
    assert main(["evaluate", "scorer.path=model/model", *data, "splits=[test]", "threads=1", "run_dir=run"]) == 0
    row = result(scorer="explicit", slice=None)
    scored = Path("run/scored/explicit/synthetic-test.jsonl").read_text().splitlines()
    margins = [first - second for first, second in (json.loads(line)["scores"] for line in scored)]
    claimed = sum(1 / (1 + math.exp(-abs(margin) / row["temperature"])) for margin in margins) / len(margins)
    assert row["accuracy_low"] < claimed < row["accuracy_high"]
    assert row["accuracy"] < row["bayes_accuracy"] + 0.015
    assert row["against_truth"]["expected_accuracy"] < row["bayes_accuracy"]
    assert row["bayes_nll"] < row["nll"] < math.log(2)


def test_slices_by_difficulty(data):
    bins = [{"id": f"Q{i}", "bin": "easy" if i < 10 else "hard", "difficulty": i} for i in range(40)]
    write_rows(Path("difficulty.jsonl"), bins)
    assert main(["evaluate", *RULE, *data, "data.difficulty=difficulty.jsonl", "draws=50", "run_dir=run"]) == 0
    assert result(scorer="shorter", slice="difficulty=easy")["n"] == 10
    write_rows(Path("difficulty.jsonl"), bins[1:])
    assert main(["evaluate", *RULE, *data, "data.difficulty=difficulty.jsonl", "run_dir=other"]) == 1
