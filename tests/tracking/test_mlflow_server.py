"""Addresses where no server is, and a real one where the full package is."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.tracking.conftest import tracked_run, write_metrics

from rmexp.tracking.mlflow_server import MLflowServer, _Run
from rmexp.tracking.tracked_run import Artifact, Results, Table
from rmexp.tracking.trackers import tracked

TABLES = (Table("samples", ("id",), (("a",),)),)
RESULTS = Results({"val/accuracy": 0.75}, {"precision": "bf16"}, TABLES, used={"data": "abc"})


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Of a tracking server: MLFLOW_TEST_PYTHON names a Python that has the full package, else this one must have it."""
    python = os.environ.get("MLFLOW_TEST_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import mlflow.server.fastapi_app"], capture_output=True).returncode:
        pytest.skip("the full package mlflow, which has the server, is not installed (MLFLOW_TEST_PYTHON)")
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [python, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/m.db", "--artifacts-destination", str(folder / "artifacts")]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    for _ in range(2000):  # it takes a busy machine minutes
        try:
            urllib.request.urlopen(f"{url}/health", timeout=1)
            break
        except OSError:
            time.sleep(0.1)
    yield url
    process.terminate()


@pytest.mark.slow
def test_a_folder_is_one_run_with_every_step_once(address, folder):
    pytest.importorskip("mlflow")
    from mlflow import MlflowClient

    tracker = MLflowServer(tracking_uri=address, tags=["mine"])
    tracker.ready()
    for steps in (6, 10, 10):
        write_metrics(folder, steps)
        with tracked({"mlflow": tracker}, tracked_run(folder)) as told:
            told.replay()
            told.results(RESULTS)
        assert told.failed == []
    client = MlflowClient(address)
    (run,) = client.search_runs([client.get_experiment_by_name("rmexp").experiment_id])
    history = client.get_metric_history(run.info.run_id, "train/loss")
    assert sorted((point.step, point.value) for point in history) == [(step, 1 / step) for step in range(1, 11)]
    assert [point.value for point in client.get_metric_history(run.info.run_id, "final/val/accuracy")] == [0.75]
    assert (run.info.status, run.data.tags["sweep"], run.data.tags["mine"]) == ("FINISHED", "lr-sweep", "true")
    assert (run.data.tags["rmexp.precision"], run.data.tags["used.data"]) == ("bf16", "abc")
    assert run.data.params["optimizer.lr"] == "0.1"


@pytest.mark.slow
def test_files_arrive_that_are_asked_for(address, folder):
    pytest.importorskip("mlflow")
    from mlflow import MlflowClient

    (folder / "model").mkdir()
    (folder / "model" / "model.safetensors").write_bytes(b"weights")
    (folder / "scored").mkdir()
    (folder / "scored" / "val.jsonl").write_text("{}\n")
    (folder / "report.html").write_text("<p>good")
    kinds = {"model": folder / "model", "report": folder / "report.html", "scored": folder / "scored"}
    results = Results({}, tables=TABLES, artifacts=tuple(Artifact(kind, path) for kind, path in kinds.items()))
    client, sent = MlflowClient(address), []
    for wanted in ([], ["report"], ["model", "report", "scored"], ["model", "report", "scored"]):
        with tracked({"mlflow": MLflowServer(tracking_uri=address, artifacts=wanted)}, tracked_run(folder)) as told:
            told.results(results)
        assert told.failed == []
        sent.append(files(client, (folder / "mlflow" / "run_id").read_text()))
    assert sent[0] == {"tables/samples.json"}
    assert sent[1] == sent[0] | {"report/report.html"}
    assert sent[2] == sent[3] == sent[1] | {"model/model.safetensors", "scored/val.jsonl"}
    (folder / "copy").mkdir()
    copy = client.download_artifacts((folder / "mlflow" / "run_id").read_text(), "model", str(folder / "copy"))
    assert (Path(copy) / "model.safetensors").read_bytes() == b"weights"


def files(client, run_id, folder=None):
    found = client.list_artifacts(run_id, folder)
    below = [files(client, run_id, one.path) for one in found if one.is_dir]
    return {one.path for one in found if not one.is_dir}.union(*below)


class Client:
    """Keeps the files that it is given."""

    def __init__(self):
        self.files = {}

    def get_run(self, run_id):
        return SimpleNamespace(data=SimpleNamespace(metrics={}, params={}))

    def log_batch(self, run_id, **what):
        pass

    def log_dict(self, run_id, rows, path):
        self.files[path] = rows

    def log_artifact(self, run_id, path, place):
        self.files[f"{place}/{Path(path).name}"] = Path(path).read_text()

    def log_artifacts(self, run_id, folder, place):
        self.files |= {f"{place}/{path.name}": path.read_text() for path in Path(folder).iterdir()}


def test_only_what_is_asked_for_is_logged(folder):
    pytest.importorskip("mlflow")
    (folder / "scored").mkdir()
    (folder / "scored" / "val.jsonl").write_text("{}")
    (folder / "report.html").write_text("<p>good")
    left = Artifact("scored", folder / "scored"), Artifact("report", folder / "report.html")
    client = Client()
    _Run(client, "id", tracked_run(folder), ["scored"]).results(Results({}, tables=TABLES, artifacts=left))
    assert client.files == {"scored/val.jsonl": "{}", "tables/samples.json": {"columns": ["id"], "data": [["a"]]}}


def test_without_an_address_it_is_one_sentence(monkeypatch):
    pytest.importorskip("mlflow")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(ValueError, match=r"logger.tracking_uri=http://HOST:5000 or MLFLOW_TRACKING_URI, but there is"):
        MLflowServer().ready()


def test_a_server_that_is_not_there_is_told_at_once():
    pytest.importorskip("mlflow")
    began = time.monotonic()
    with pytest.raises(ValueError, match=r"logger=mlflow: the server http://127.0.0.1:9 cannot be used"):
        MLflowServer(tracking_uri="http://127.0.0.1:9").ready()
    assert time.monotonic() - began < 20


def test_a_server_that_does_not_answer_is_told(monkeypatch):
    pytest.importorskip("mlflow")
    monkeypatch.setattr("rmexp.tracking.mlflow_server.LONGEST_WAIT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ValueError, match=rf"the server {address} cannot be used \(timed out\)"):
            MLflowServer(tracking_uri=address).ready()


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"needs the package mlflow-skinny \(pip install 'rmexp\[mlflow\]'\)"):
        MLflowServer().ready()
