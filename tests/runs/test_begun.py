"""What a run has left that failed before it did anything binds nobody."""

import json
from pathlib import Path

import pytest

from rmexp.runs.begun import forget, has_begun
from rmexp.runs.environment import environment
from rmexp.runs.rows import to_row

CLAIM = ("config.yaml", "environment.json")
BOOKS = (*CLAIM, "failure.json", ".lock", "bad_rows.jsonl", "report.html", "sft/config.yaml", "sft/environment.json")
SENT = ("wandb/run_id", "mlflow/run_id", "tensorboard/events.out.tfevents.1.host")
TO_SEND = "wandb/offline-run-1/run-1.wandb"
RAN_IN = json.dumps(to_row(environment(0, {})))


def leave(folder, *names, content="step\n"):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(RAN_IN if name.endswith("environment.json") else content)


def test_books_and_what_trackers_were_told_are_no_work_and_go_but_for_what_is_yet_to_be_sent(tmp_path):
    leave(tmp_path, *BOOKS, *SENT, TO_SEND, "metrics.csv")
    assert not has_begun(tmp_path)
    forget(tmp_path)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {".lock", TO_SEND}


@pytest.mark.parametrize(
    "work", ["checkpoints/last.ckpt", "sft/model/config.json", "scored/all.jsonl", "wandb.txt", "notes/mine.md"]
)
def test_anything_else_is(tmp_path, work):
    leave(tmp_path, *BOOKS, work)
    assert has_begun(tmp_path)


@pytest.mark.parametrize(
    "theirs",
    ["mine/config.yaml", "mine/wandb/offline.wandb", "mine/report.html", "mine/mlflow/run_id", "mine/metrics.csv"],
)
def test_so_is_what_lies_in_a_folder_that_no_run_has_claimed(tmp_path, theirs):
    leave(tmp_path, *BOOKS, theirs)
    assert has_begun(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"python": "3.12"}'])
def test_a_configuration_beside_another_programs_environment_is_no_claim(tmp_path, text):
    leave(tmp_path, "config.yaml")
    (tmp_path / "environment.json").write_text(text)
    assert has_begun(tmp_path)


def test_so_is_a_curve_with_a_step(tmp_path):
    leave(tmp_path, *BOOKS)
    leave(tmp_path, "metrics.csv", content="step\n1\n")
    assert has_begun(tmp_path)


def test_a_folder_that_is_not_there_holds_nothing():
    assert not has_begun(Path("nowhere"))
