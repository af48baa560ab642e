import json
import shutil
from pathlib import Path

import pytest

from rmexp.cli import main
from rmexp.config.compose import compose
from rmexp.jsonl import write_rows
from rmexp.verbs.data import load_run_data

DATA = Path(__file__).parents[3] / "shared" / "data"


def rows(pairs=60):
    """Longer wins on two of three; the words say nothing."""
    for i in range(pairs):
        long, short = f"a fairly long reply {i}", f"short {i}"
        yield {"prompt": f"Question number {i}?"} | (
            {"chosen": long, "rejected": short} if i % 3 else {"chosen": short, "rejected": long}
        )


def profiled(folder, name="profile.json"):
    return json.loads((folder / name).read_text())


@pytest.fixture
def pairs(here):
    write_rows(here / "pairs.jsonl", rows())
    return here / "pairs.jsonl"


def test_a_profile_of_a_file(pairs, capsys):
    lines = pairs.read_text().splitlines()
    swapped = json.loads(lines[0])
    swapped["chosen"], swapped["rejected"] = swapped["rejected"], swapped["chosen"]
    tie = {"prompt": "a tie", "chosen": "x", "rejected": "y", "target": 0.5}
    bad = ['{"prompt": "p", "chosen": "", "rejected": "x"}', '{"prompt": "p", "chosen": "x", "rejected": "x"}', "{"]
    more = [lines[1], json.dumps(swapped), json.dumps(tie), *bad]
    pairs.write_text("\n".join([*lines, *more]) + "\n")
    assert main(["profile", "data=jsonl", f"data.path={pairs}", "run_dir=run"]) == 0
    found = profiled(Path("run"))
    expected = {
        "pairs": 63, "prompts": 61, "bad_rows": 3, "empty": 1, "identical": 1, "malformed": 1, "ties": 1,
        "duplicates": 1, "both_orders": 1, "contradictions": 1, "repeated_ids": 1,
    }  # fmt: skip
    assert {key: found[key] for key in expected} == expected
    assert found["baselines"]["longer"]["accuracy"] == pytest.approx(42 / 62)  # 40 + 1 + 1 of 60 + 2, without the tie
    assert found["baselines"]["longer"]["low"] < 42 / 62 < found["baselines"]["longer"]["high"]
    assert found["tokens"] > 0
    assert len((Path("run") / "bad_rows.jsonl").read_text().splitlines()) == 3
    out = capsys.readouterr().out
    assert "3 rows left out" in out
    assert f"report       {Path('run') / 'report.html'}" in out


def test_the_same_command_shows_the_figures_again(pairs, capsys):
    for _ in range(2):
        assert main(["profile", "data=jsonl", f"data.path={pairs}", "run_dir=run"]) == 0
    first, second = capsys.readouterr().out.split("pairs: 60 pairs")[1:]
    assert first == second


def test_the_bins_select_training_pairs(pairs):
    assert main(["profile", "data=jsonl", f"data.path={pairs}", "run_dir=run", "strength=[]"]) == 0
    bins = [json.loads(line) for line in (Path("run") / "difficulty.jsonl").read_text().splitlines()]
    assert [row.keys() for row in bins] == [{"id", "bin", "difficulty"}] * 60
    keys = ["data=jsonl", f"data.path={pairs}", "data.difficulty=run/difficulty.jsonl", "data.difficulty_bins=[easy]"]
    easy = {row["id"] for row in bins if row["bin"] == "easy"}
    composed = compose("train", keys)
    splits = load_run_data(composed.data, composed.tests).data.records.splits
    assert {record.id for split in splits.values() for record in split} == easy


def test_malformed_rows_stop_it_only_on_request(pairs, capsys):
    with pairs.open("a") as file:
        file.write('{"prompt": "p"}\n')
    assert main(["profile", "data=jsonl", f"data.path={pairs}", "data.on_bad_row=error", "run_dir=run"]) == 1
    assert "pairs.jsonl:61" in capsys.readouterr().err


def test_data_that_is_made_has_no_bad_rows(here):
    assert main(["profile", "data=json_vs_text", "data.pairs=20", "data.unseen_pairs=10"]) == 0


def test_data_without_pairs_is_told(here, capsys):
    (here / "notes.txt").write_text("A text.\n\nAnother one.\n" * 20)
    assert main(["profile", "data=text", "data.paths=[notes.txt]", "run_dir=run"]) == 1
    assert "data=text has none" in capsys.readouterr().err


def test_own_splits_and_their_leaks(here, capsys):
    write_rows(here / "train.jsonl", rows())
    write_rows(here / "val.jsonl", [*rows(3), {"prompt": "New?", "chosen": "x", "rejected": "y"}])
    keys = ["data=jsonl", "data.path=train.jsonl", "data.val_path=val.jsonl", "run_dir=run"]
    assert main(["profile", *keys]) == 0
    assert "train: 64 pairs (60 train, 4 val), 61 prompts" in capsys.readouterr().out
    assert "<dt>In val</dt><dd>4</dd>" in (Path("run") / "report.html").read_text()
    found = profiled(Path("run"))
    assert {name: split["pairs"] for name, split in found["splits"].items()} == {"train": 60, "val": 4}
    assert (found["leaks"]["exact"], found["leaks"]["sets"]) == (3, {"val": 4})


@pytest.mark.parametrize(
    "pair",
    [
        {"prompt": "", "chosen": "good", "rejected": "bad"},
        {"prompt": [{"role": "user", "content": "hi"}], "chosen": "<script>alert(1)</script>", "rejected": "x"},
        {"prompt": "\u202e\u0645\u0631\u062d 今日は", "chosen": "🙂", "rejected": "नमस्ते"},
        {"prompt": "p", "chosen": "word " * 50_000, "rejected": "word"},
    ],
)
def test_one_pair_of_any_kind_has_a_profile(here, pair):
    write_rows(here / "pairs.jsonl", [pair])
    assert main(["profile", "data=jsonl", "data.path=pairs.jsonl", "run_dir=run"]) == 0
    found = profiled(Path("run"))
    assert (found["pairs"], found["leaks"]) == (1, None)
    assert found["baselines"]["longer"]["low"] is None
    page = (Path("run") / "report.html").read_text()
    assert "<script" not in page
    assert "\u202e" not in page
    assert len(page) < 100_000


def test_several_data_sets_end_side_by_side(pairs, capsys):
    shutil.copy(pairs, "other.jsonl")
    arguments = ["profile", "-m", "data=jsonl", "data.path=pairs.jsonl,other.jsonl", "sweep_dir=sweep"]
    assert main(arguments) == 0
    table = profiled(Path("sweep"), "profiles.json")
    assert [row["pairs"] for row in table] == [60, 60]
    assert [row["name"] for row in table] == ["pairs", "other"]
    assert capsys.readouterr().out.splitlines()[-1] == f"side by side {Path('sweep') / 'profiles.html'}"
    assert "other.jsonl" in (Path("sweep") / "profiles.html").read_text()


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="no public data sets beside the checkout")
@pytest.mark.parametrize(
    ("name", "longer", "keys"),
    [("hh_helpful_base_test", 0.598, []), ("ukpconvarg1", 0.745, ["data.group=meta.topic"])],
)
def test_the_longer_response_gets_what_is_published(here, name, longer, keys):
    path = DATA / name / "pairs.jsonl.gz"
    assert main(["profile", "data=jsonl", f"data.path={path}", "run_dir=run", *keys]) == 0
    assert profiled(Path("run"))["baselines"]["longer"]["accuracy"] == pytest.approx(longer, abs=0.001)
