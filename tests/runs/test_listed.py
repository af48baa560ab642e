from dataclasses import replace

from rmexp.durable import write_json, write_text
from rmexp.runs.environment import Environment
from rmexp.runs.failure import write_failure
from rmexp.runs.listed import listed_runs
from rmexp.runs.rows import to_row
from rmexp.runs.summaries.best_of_n import BestOfNSummary, CandidatePool
from rmexp.runs.summaries.seen import Seen
from rmexp.selection.best_of_n import Curve, Point

SETTINGS = {"task.name": "reward", "data.name": "pairs", "model.name": "tiny"}


def run(folder, start, verb="train"):
    write_text(folder / "config.yaml", "seed: 0\n")
    write_json(folder / "environment.json", to_row(Environment(("rmexp", verb), start=start)))
    return folder


def test_runs_of_any_state_and_verb_the_latest_first(tmp_path):
    write_json(
        run(tmp_path / "a" / "one", "2026-01-01", "filter") / "summary.json",
        {"verb": "filter", "kept": 3, "units": 4, "seconds": 1.5},
    )
    write_failure(run(tmp_path / "two", "2026-01-03"), ValueError("no"))
    run(tmp_path / "three", "2026-01-02")
    found = listed_runs([tmp_path, tmp_path / "two"], lambda folder: SETTINGS)
    told = [(one.folder.name, one.kind, one.state, one.figure, one.value, one.seconds) for one in found]
    assert told == [
        ("two", "reward", "failed", "", None, None),
        ("three", "reward", "not finished", "", None, None),
        ("one", "filter", "finished", "kept", 0.75, 1.5),
    ]
    assert {(one.data, one.model) for one in found} == {("pairs", "tiny")}


def test_a_curve_says_how_many_of_its_prompts_were_trained_on_where_they_are_counted(tmp_path):
    pool = CandidatePool("pairs", 1, 1, 20, {"kind": "explicit"}, None, None, trained_on_kept=True, seen=Seen(5, 0, 0))
    curve = Curve((Point(1, 0.0, 0.5, None, None, None, 0.5, None, 0.0, None, None, None),), None, 20)
    for name, one in {"kept": pool, "apart": replace(pool, trained_on_kept=None)}.items():
        summary = to_row(BestOfNSummary({"all": 1.0}, one, curve))
        write_json(run(tmp_path / name, "2026-01-01", "best-of-n") / "summary.json", {"verb": "best-of-n", **summary})
    found = listed_runs([tmp_path], lambda folder: SETTINGS)
    assert {(one.folder.name, one.figure, one.learnt) for one in found} == {
        ("kept", "proxy", "5 of 20 trained on"),
        ("apart", "proxy", ""),
    }
