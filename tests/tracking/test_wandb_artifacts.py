"""What a run left and what it was made of, as a server and an offline file have it."""

import os
import subprocess
import sys

import pytest
from tests.tracking.conftest import tracked_run

from rmexp.tracking.tracked_run import Artifact, Results
from rmexp.tracking.trackers import tracked
from rmexp.tracking.weights_and_biases import WeightsAndBiases

ALL = ("model", "report", "scored")


@pytest.fixture
def trained(folder):
    """Results of a training with a model of two files and a report."""
    (folder / "model").mkdir()
    (folder / "model" / "model.safetensors").write_bytes(b"weights")
    (folder / "model" / "config.json").write_text("{}")
    (folder / "report.html").write_text("<p>good")
    left = Artifact("model", folder / "model", "f00"), Artifact("report", folder / "report.html")
    return Results({"val/accuracy": 0.75}, artifacts=left, used={"data": "abc", "tests.other": "def"})


def send(folder, results, **options):
    with tracked({"wandb": WeightsAndBiases(**options)}, tracked_run(folder)) as told:
        told.results(results)
    return (folder / "wandb" / "run_id").read_text(), told.failed


def test_files_and_lineage_arrive_and_the_same_again_adds_nothing(server, folder, trained, tmp_path):
    for _ in range(2):
        training, failed = send(folder, trained, mode="online", artifacts=ALL)
        assert failed == []
    known = server.artifacts
    assert len(known.made) == 5
    assert known.names(training, "used") == {"data-fingerprint-abc", "data-fingerprint-def"}
    made = {f"model-{training}": "model", f"report-{training}": "report", "model-fingerprint-f00": "fingerprint"}
    assert known.names(training, "logged") == set(made)
    assert {one["name"]: one["type"] for one in known.made.values()} == {
        **made, "data-fingerprint-abc": "fingerprint", "data-fingerprint-def": "fingerprint"
    }  # fmt: skip
    files = known.files(f"model-{training}")
    assert (files["model.safetensors"], files["config.json"]) == (b"weights", b"{}")
    assert known.files(f"report-{training}")["report.html"] == b"<p>good"
    other = tmp_path / "evaluation"
    other.mkdir()
    scored = other / "scored"
    scored.mkdir()
    (scored / "val.jsonl").write_text("{}\n")
    given = Results({}, artifacts=(Artifact("scored", scored),), used={"data.d": "abc", "scorer.path": "f00"})
    evaluation, failed = send(other, given, mode="online", artifacts=["scored"])
    assert failed == []
    used = known.names(evaluation, "used")
    assert used & known.names(training, "logged") == {"model-fingerprint-f00"}  # from the training to its evaluation
    assert used & known.names(training, "used") == {"data-fingerprint-abc"}  # of the same data
    assert len(known.made) == 6


def test_only_what_is_asked_for_is_logged(server, folder, trained):
    send(folder, trained, mode="online", artifacts=["report"])
    assert known_types(server) == ["fingerprint"] * 3 + ["report"]
    server.artifacts.made.clear()
    send(folder, trained, mode="online")
    assert server.artifacts.made == {}


def test_a_server_that_takes_no_artifacts_is_told_of(server, folder, trained, caplog, monkeypatch):
    monkeypatch.setattr("rmexp.tracking.wandb_artifacts.LONGEST_WAIT", 2)
    server.artifacts.refused = True
    _, failed = send(folder, trained, mode="online", artifacts=ALL)
    assert failed == ["wandb"]
    assert "it is not told any more, the run folder has everything" in caplog.text


@pytest.mark.slow
def test_an_offline_run_has_them_too_and_wandb_sync_sends_them(server, folder, trained, offline_run):
    training, _ = send(folder, trained, artifacts=ALL)
    records = offline_run(folder)["artifact"]
    assert {(row["name"], row["type"], row.get("use_after_commit", False)) for row in records} == {
        ("data-fingerprint-abc", "fingerprint", True),
        ("data-fingerprint-def", "fingerprint", True),
        ("model-fingerprint-f00", "fingerprint", False),
        (f"model-{training}", "model", False),
        (f"report-{training}", "report", False),
    }
    (file,) = folder.glob("wandb/offline-run-*")
    own = {name: value for name, value in os.environ.items() if name != "WANDB_SERVICE"}  # not that of this process
    subprocess.run([sys.executable, "-m", "wandb", "sync", str(file)], env=own, check=True, capture_output=True)
    assert server.artifacts.files(f"model-{training}")["model.safetensors"] == b"weights"
    assert server.artifacts.names(training, "used") == {"data-fingerprint-abc", "data-fingerprint-def"}


def known_types(server):
    return sorted(one["type"] for one in server.artifacts.made.values())
