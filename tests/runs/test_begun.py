"""What a run has left that failed before it did anything binds nobody."""

from pathlib import Path

import pytest

from rmexp.runs.begun import forget, has_begun

BOOKS = ("config.yaml", "environment.json", "failure.json", ".lock", "bad_rows.jsonl", "report.html", "sft/config.yaml")
TOLD = ("wandb/run_id", "wandb/offline-run-1/run-1.wandb", "events.out.tfevents.1.host")


def leave(folder, *names, content="step\n"):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def test_books_and_what_trackers_were_told_are_no_work_and_go(tmp_path):
    leave(tmp_path, *BOOKS, *TOLD, "metrics.csv")
    assert not has_begun(tmp_path)
    forget(tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [".lock"]
    assert not (tmp_path / "wandb").exists()


@pytest.mark.parametrize(
    "work", ["checkpoints/last.ckpt", "sft/model/config.json", "scored/all.jsonl", "wandb.txt", "notes/mine.md"]
)
def test_anything_else_is(tmp_path, work):
    leave(tmp_path, *BOOKS, work)
    assert has_begun(tmp_path)


def test_so_is_a_curve_with_a_step(tmp_path):
    leave(tmp_path, *BOOKS)
    leave(tmp_path, "metrics.csv", content="step\n1\n")
    assert has_begun(tmp_path)


def test_a_folder_that_is_not_there_holds_nothing():
    assert not has_begun(Path("nowhere"))
