"""The suites through local files in the shapes that the benchmarks publish; every configuration is read once."""

import json

import pytest

from rmexp.config.compose import compose
from rmexp.jsonl import write_rows
from rmexp.records import Candidates, Preference
from rmexp.sources.rows import Row
from rmexp.verbs.data import load_data

PAIR = {"chosen_model": "m", "rejected_model": "n"}
REWARD_BENCH = [
    {"id": 1, "prompt": "p", "chosen": "a", "rejected": "b", "subset": "donotanswer", **PAIR},
    {"id": 1, "prompt": "q", "chosen": "c", "rejected": "d", "subset": "math-prm", **PAIR},
]
RM_BENCH = [{"id": "1", "prompt": "p", "domain": "code", "chosen": ["a", "b", "c"], "rejected": ["d", "e", "f"]}]
RB_2 = [{"id": "0", "prompt": "p", "chosen": ["a"], "rejected": ["b", "c", "d"], "subset": "Math", "num_correct": 1}]
JUDGE = [
    {"pair_id": "x", "source": "livecodebench", "question": "p", "response_A": "a", "response_B": "b", "label": "A>B"}
]
PPE = [{"question_id": "x", "prompt": "p", "response_1": "a", "response_2": "b", "winner": "model_b", "is_code": True}]


def read(name, path, *options):
    return load_data(compose("score", [f"data={name}", f"data.path={path}", "scorer=baseline", *options]).data).records


@pytest.mark.parametrize(
    ("name", "rows", "pairs", "lists"),
    [
        ("reward_bench", REWARD_BENCH, 2, 0),
        ("reward_bench_2", RB_2, 0, 1),
        ("rm_bench", RM_BENCH, 9, 0),
        ("judge_bench", JUDGE, 1, 0),
        ("ppe_preference", PPE, 1, 0),
    ],
)
def test_a_file_in_the_suites_own_format(tmp_path, name, rows, pairs, lists):
    path = tmp_path / "data.jsonl"
    write_rows(path, rows)
    data = read(name, path)
    assert len(data.splits.get("test", ())) == pairs
    assert len(data.candidates.get("test", ())) == lists
    records = [*data.splits.get("test", ()), *data.candidates.get("test", ())]
    figures = data.aggregate(records, [[-float(i) for i, _ in enumerate(record.responses)] for record in records])
    assert "score" in figures


def test_one_json_list_as_rm_bench_publishes_it(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "total_dataset.json").write_text(json.dumps(RM_BENCH, indent=2))
    (tmp_path / "data" / "chat_filtered.json").write_text(json.dumps(RM_BENCH, indent=2))
    assert len(read("rm_bench", tmp_path).splits["test"]) == 9


def test_the_folders_of_llmbar_tell_the_subset(tmp_path):
    row = {"input": "p", "output_1": "a", "output_2": "b", "label": 1}
    for folder in ("Natural", "Adversarial/Manual"):
        (tmp_path / folder / "evaluators").mkdir(parents=True)
        (tmp_path / folder / "dataset.json").write_text(json.dumps([row | {"input": folder}], indent=1))
        (tmp_path / folder / "evaluators" / "result.json").write_text("[]")
    pairs = read("llmbar", tmp_path).splits["test"]
    assert {pair.prompt: pair.meta["folder"] for pair in pairs} == {
        "Natural": "Natural", "Adversarial/Manual": "Adversarial/Manual",
    }  # fmt: skip


GPT = "dataset=judgebench,response_model=gpt-4o-2024-05-13.jsonl"  # the names of JudgeBench's own repository
CLAUDE = "dataset=judgebench,response_model=claude-3-5-sonnet-20240620.jsonl"


def test_a_folder_of_judge_bench_has_the_splits_of_the_hub(tmp_path, monkeypatch):
    """One right and one wrong pair of each model: the hub tells the models apart, and so does a folder."""
    of_gpt = [JUDGE[0] | {"pair_id": "1"}, JUDGE[0] | {"pair_id": "2", "question": "q"}]
    of_claude = [JUDGE[0] | {"pair_id": "3", "question": "r"}]
    (tmp_path / "data").mkdir()
    write_rows(tmp_path / "data" / GPT, of_gpt)
    write_rows(tmp_path / "data" / CLAUDE, of_claude)
    local = read("judge_bench", tmp_path)
    assert {name: [pair.meta["pair_id"] for pair in pairs] for name, pairs in local.splits.items()} == {
        "gpt": ["1", "2"], "claude": ["3"],
    }  # fmt: skip

    hub = {"gpt": of_gpt, "claude": of_claude}
    monkeypatch.setattr("rmexp.sources.suite.open_hub", lambda *_: (hub, "hub"))
    monkeypatch.setattr(
        "rmexp.sources.suite.hub_rows",
        lambda place, opened, there: (Row(place, number, row) for number, row in enumerate(opened[there], start=1)),
    )
    there = read("judge_bench", "ScalerLab/JudgeBench")
    assert local.splits == there.splits
    assert list(local.splits) == list(there.splits)


def test_a_file_of_judge_bench_belongs_to_the_model_that_its_name_tells(tmp_path):
    for name, split in (("claude-3-5-sonnet.jsonl", "claude"), ("mine.jsonl", "test")):
        write_rows(tmp_path / name, JUDGE)
        assert list(read("judge_bench", tmp_path / name).splits) == [split]
    assert set(read("judge_bench", tmp_path).splits) == {"claude", "test"}
    write_rows(tmp_path / f"{GPT},judge_model=claude-3-haiku.jsonl", JUDGE)
    with pytest.raises(ValueError, match=r"expected a name with one of gpt, claude, got several \(set data.files\)"):
        read("judge_bench", tmp_path)


def test_parquet_as_the_hub_has_it(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    (tmp_path / "data").mkdir()
    parquet.write_table(pyarrow.Table.from_pylist(RB_2), tmp_path / "data" / "test-00000-of-00001.parquet")
    (record,) = read("reward_bench_2", tmp_path).candidates["test"]
    assert isinstance(record, Candidates)
    assert record.gold == (1.0, 0.0, 0.0, 0.0)


def test_preference_records_may_stand_for_the_suites_own_format(tmp_path):
    path = tmp_path / "pairs.jsonl"
    write_rows(path, [{"prompt": "p", "chosen": "a", "rejected": "b", "meta": {"subset": "LLMBar/Natural"}}])
    (pair,) = read("llmbar", path, "data/format=columns").splits["test"]
    assert isinstance(pair, Preference)
    assert pair.meta == {"subset": "LLMBar/Natural"}


def test_nothing_there_is_told(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"expected files that match \*\*/dataset.json, but there are none"):
        read("llmbar", tmp_path)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    with pytest.raises(ValueError, match="the hub cannot be reached"):
        read("judge_bench", "ScalerLab/JudgeBench")


def test_a_bad_row_names_file_and_line(tmp_path):
    path = tmp_path / "data.jsonl"
    write_rows(path, [*JUDGE, JUDGE[0] | {"label": "A=B"}])
    with pytest.raises(ValueError, match=r"data.jsonl:2: `label` must be one of A>B, B>A"):
        read("judge_bench", path)
