"""Against a server in this process, and against the files of offline runs, read record by record."""

import json
import multiprocessing
import socket
import sys

import pytest
from tests.tracking.conftest import tracked_run, write_metrics

from rmexp.tracking.tracked_run import Results, Table
from rmexp.tracking.trackers import tracked
from rmexp.tracking.weights_and_biases import WeightsAndBiases

RESULTS = Results(
    figures={"val/accuracy": 0.75},
    about={"precision": "bf16"},
    tables=(Table("samples", ("id", "margin"), (("a", -0.25), ("b", 1.0))),),
    used={"data": "abc"},
)


def send(folder, results=None, **options):
    tracker = WeightsAndBiases(**options)
    tracker.ready()
    with tracked({"wandb": tracker}, tracked_run(folder)) as told:
        told.replay()
        told.results(results)
    return told


def run_id(folder):
    return (folder / "wandb" / "run_id").read_text()


def test_a_folder_is_one_run_with_every_step_once_however_often_it_is_sent(server, folder):
    send(folder, mode="online")
    write_metrics(folder, 12)
    for _ in range(2):
        assert send(folder, RESULTS, mode="online").failed == []
    assert server.steps(run_id(folder)) == list(range(1, 13))
    assert server.steps(run_id(folder), "val/loss") == [5, 10]
    assert [row["train/loss"] for row in server.history(run_id(folder))] == [1 / step for step in range(1, 13)]
    (variables,) = [run["variables"] for run in server.runs.values()]
    assert (variables["groupName"], variables["displayName"], variables["jobType"]) == ("lr-sweep", "seed=0", "reward")
    assert server.config(run_id(folder))["optimizer"] == {"lr": 0.1}
    summary = json.loads(server.runs[run_id(folder)]["summary"])
    assert summary["final/val/accuracy"] == 0.75
    assert summary["val/loss"] == {"min": 0.2, "max": 0.4, "last": 0.2}
    assert summary["train/loss"] == {"min": 1 / 12, "max": 1.0, "last": 1 / 12}


def test_curves_have_their_ends_in_the_summary_and_what_is_no_number_stays_whole(server, folder):
    rewards = {"step": 10, "progress": 1.0, "chosen": [1.0, 0.0], "rejected": [0.0, 1.0], "target": [1.0, 0.0]}
    (folder / "validation_rewards.jsonl").write_text(json.dumps(rewards) + "\n")
    send(folder, RESULTS, mode="online")  # once: its last row is still open when it ends
    summary = json.loads(server.runs[run_id(folder)]["summary"])
    assert summary["train/loss"] == {"min": 0.1, "max": 1.0, "last": 0.1}
    assert summary["val/margins"]["_type"] == "histogram"
    assert summary["val/pairs"]["_type"] == "table-file"
    assert server.steps(run_id(folder)) == list(range(1, 11))


@pytest.mark.slow
def test_a_server_that_dies_is_told_of_once_and_gets_the_rest_later(server, folder, caplog, monkeypatch):
    monkeypatch.setattr("rmexp.tracking.weights_and_biases.LONGEST_WAIT", 2)
    tracker = WeightsAndBiases(mode="online")
    with tracked({"wandb": tracker}, tracked_run(folder)) as told:
        told.log_metrics({"train/loss": 1.0}, 1)
        server.stop()
        for step in range(2, 11):
            told.log_metrics({"train/loss": 1 / step}, step)
        told.results(RESULTS)
    assert told.failed == ["wandb"]
    assert f"rmexp track path='{folder}' logger=wandb logger.mode=online" in caplog.messages[-1]
    server.start()
    send(folder, RESULTS, mode="online")
    assert server.steps(run_id(folder)) == list(range(1, 11))


@pytest.mark.parametrize(("status", "said"), [(500, "it answers 500"), (401, r"refuses the key \(401\)")])
def test_an_ill_server_is_one_sentence_before_anything_else(server, status, said):
    server.status = status
    with pytest.raises(ValueError, match=rf"logger.mode=online: .*{said}.*; logger.mode=offline keeps the run here"):
        WeightsAndBiases(mode="online").ready()


def test_a_server_that_is_not_there_is_told(server):
    server.stop()
    with pytest.raises(ValueError, match=r"the server http://127.0.0.1:\d+ cannot be used \(.*refused"):
        WeightsAndBiases(mode="online").ready()


def test_a_server_that_does_not_answer_is_told(server, monkeypatch):
    monkeypatch.setattr("rmexp.tracking.wandb_login.LONGEST_WAIT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(ValueError, match=r"the server http://127.0.0.1:\d+ cannot be used \(timed out\)"):
            WeightsAndBiases(mode="online").ready()


def test_an_unknown_mode_is_refused(server):
    with pytest.raises(ValueError, match=r"logger.mode must be offline, online or disabled, got sometimes"):
        WeightsAndBiases(mode="sometimes").ready()


@pytest.mark.parametrize("where", ["environment", "file", "netrc", "settings"])
def test_a_login_is_found_where_wandb_finds_it(server, monkeypatch, tmp_path, where):
    monkeypatch.delenv("WANDB_API_KEY")
    key = "k" * 40
    if where == "environment":
        monkeypatch.setenv("WANDB_API_KEY", key)
    elif where == "file":
        (tmp_path / "key").write_text(f"{key}\n")
        monkeypatch.setenv("WANDB_API_KEY_FILE", str(tmp_path / "key"))
    else:
        (tmp_path / "netrc").write_text(f"machine 127.0.0.1:{server.port}\n  login user\n  password {key}\n")
    if where == "settings":  # as `wandb login --host` leaves it
        monkeypatch.delenv("WANDB_BASE_URL")
        (tmp_path / "config").mkdir()
        (tmp_path / "config" / "settings").write_text(f"[default]\nbase_url = {server.url}\n")
    WeightsAndBiases(mode="online").ready()
    assert server.admitted == 1


@pytest.mark.parametrize("netrc", [None, "machine example.org login user password x", "machine {{{"])
def test_online_without_a_key_is_refused_at_once(server, monkeypatch, tmp_path, netrc):
    monkeypatch.delenv("WANDB_API_KEY")
    if netrc:
        (tmp_path / "netrc").write_text(netrc)
    with pytest.raises(ValueError, match=r"logger.mode=online needs a key for http.*but there is none"):
        WeightsAndBiases(mode="online").ready()


def test_what_wandb_is_told_elsewhere_counts_behind_the_command_line(server, folder, monkeypatch):
    for name, value in {"MODE": "online", "PROJECT": "theirs", "NAME": "named", "TAGS": "a,b", "NOTES": "n"}.items():
        monkeypatch.setenv(f"WANDB_{name}", value)
    send(folder, project="ours")
    variables = server.runs[run_id(folder)]["variables"]
    assert (variables["project"], variables["displayName"], variables["tags"]) == ("ours", "named", ["a", "b"])
    assert variables["notes"] == "n"


def test_a_disabled_run_does_nothing(server, folder, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "disabled")
    send(folder, RESULTS)
    assert server.runs == {}
    assert not list(folder.glob("wandb/offline-run-*"))


def test_an_offline_run_that_goes_on_leaves_one_whole_file(server, folder, offline_run):
    write_metrics(folder, 6)
    send(folder)
    write_metrics(folder, 10)
    send(folder, RESULTS)
    records = offline_run(folder)  # the only one
    assert [row["item"]["_step"] for row in records["history"]] == list(range(1, 11))
    (run,) = records["run"]
    assert (run["run_group"], run["display_name"], run["job_type"]) == ("lr-sweep", "seed=0", "reward")
    assert run["run_id"] == run_id(folder)
    final = {key: value for row in records["summary"] for key, value in row["update"].items() if "final/" in key}
    assert final == {"final/val/accuracy": 0.75}
    (table,) = folder.glob("wandb/offline-run-*/files/media/table/*.json")
    assert json.loads(table.read_text())["data"] == [["a", -0.25], ["b", 1.0]]
    assert records["exit"][0]["exit_code"] == 0


@pytest.mark.parametrize(("error", "code"), [(ValueError, 1), (KeyboardInterrupt, 255)])
def test_a_run_that_did_not_finish_is_closed_as_failed_or_killed(server, folder, offline_run, error, code):
    with pytest.raises(error), tracked({"wandb": WeightsAndBiases()}, tracked_run(folder)):
        raise error
    assert offline_run(folder)["exit"][0]["exit_code"] == code


def test_nothing_is_imported_that_nobody_asks_for(folder, server):
    """W&B Launch and pandas take it a second and a half. A fork of this process imports wandb anew, and no torch."""

    def track(answer):
        for name in [name for name in sys.modules if name.partition(".")[0] in ("pandas", "wandb")]:
            del sys.modules[name]
        run = WeightsAndBiases(mode="offline").open(tracked_run(folder))
        run.histogram(1, "val/margins", [0.5, 1.0])
        run.close("finished")
        answer.send(["wandb" in sys.modules, {"pandas", "wandb.sdk.launch"} & set(sys.modules)])

    answer, ask = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=track, args=(ask,))
    process.start()
    ask.close()
    assert answer.recv() == [True, set()]
    process.join()
