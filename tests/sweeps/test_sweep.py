"""Multiruns: passed over, gone on with, failed, refused, side by side."""

import json
import os
import re
from pathlib import Path

import pytest

from rmexp.cli import main
from rmexp.config import multirun

pytestmark = pytest.mark.usefixtures("unrendered")

SWEEP = ["train", "-m", "trainer=smoke", "logger=csv", "data.pairs=40", "data.unseen_pairs=20", "sweep_dir=sweep"]


def states(told):
    """The state of each cell by the table that a sweep leaves."""
    lines = [line.split("  ") for line in told.out.splitlines() if line.startswith("seed=") and "   " in line]
    return {line[0].strip(): next(part.strip() for part in line[1:] if part.strip()) for line in lines}


def test_finished_cells_are_passed_over_half_done_ones_are_not(here, capsys):
    assert main([*SWEEP, "seed=0,1"]) == 0
    capsys.readouterr()
    Path("sweep/seed=1/summary.json").unlink()
    before = Path("sweep/seed=0/environment.json").stat().st_mtime_ns
    assert main([*SWEEP, "seed=0,1,2"]) == 0
    assert states(capsys.readouterr()) == {"seed=0": "finished before", "seed=1": "finished", "seed=2": "finished"}
    assert Path("sweep/seed=0/environment.json").stat().st_mtime_ns == before
    assert len(Path("sweep/evaluation.csv").read_text().splitlines()) == 1 + 3 * 2


@pytest.mark.slow
def test_a_cell_is_looked_at_again_when_a_file_it_was_made_from_changed(here, capsys):
    def write(answer):
        rows = [{"prompt": f"Q{i}?", "chosen": f"{answer} {i}", "rejected": f"no {i}"} for i in range(20)]
        Path("pairs.jsonl").write_text("\n".join(map(json.dumps, rows)))

    command = [*SWEEP[:4], "data=jsonl", "data.path=pairs.jsonl", "sweep_dir=sweep", "seed=choice(0)"]
    write("yes")
    assert main(command) == 0
    stat = Path("pairs.jsonl").stat()
    write("yea")
    os.utime("pairs.jsonl", ns=(stat.st_atime_ns, stat.st_mtime_ns))  # same size, same time
    capsys.readouterr()
    assert main(command) == 0
    assert states(capsys.readouterr()) == {"seed=0": "finished"}
    assert Path("sweep/seed=0-outdated-1").is_dir()
    assert main(command) == 0
    assert states(capsys.readouterr()) == {"seed=0": "finished before"}


def test_a_failed_cell_says_so_stops_no_other_and_is_tried_again(here, capsys):
    Path("sweep/seed=1").mkdir(parents=True)
    Path("sweep/seed=1/model").write_text("in the way of the folder")
    assert main([*SWEEP, "seed=1,2"]) == 1
    assert states(capsys.readouterr()) == {"seed=1": "failed", "seed=2": "finished"}
    assert json.loads(Path("sweep/seed=1/failure.json").read_text())["traceback"].startswith("Traceback")
    Path("sweep/seed=1/model").unlink()
    assert main([*SWEEP, "seed=1,2"]) == 0
    err = capsys.readouterr().err
    assert "seed=1 failed before" in err
    assert not Path("sweep/seed=1/failure.json").exists()


def test_a_failure_before_the_folder_leaves_one_with_its_reason(here, capsys):
    assert main([*SWEEP, "seed=0", "data.train_pairs=10,100000"]) == 1
    (failed,) = Path("sweep").glob("*/failure.json")
    assert failed.parent.name == "data.train_pairs=100000"


def test_a_full_disk_in_one_cell_lets_the_others_go_on(here, capsys, monkeypatch):
    import rmexp.runs.folder as folder

    write = folder.write_json

    def full(path, content):
        if "seed=1" in str(path):
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr(folder, "write_json", full)
    assert main([*SWEEP, "seed=1,2"]) == 1
    assert "seed=1: No space left on device; make room" in capsys.readouterr().out
    assert Path("sweep/seed=2/summary.json").exists()


@pytest.mark.slow
def test_what_a_broken_launcher_leaves_is_told_and_gone_on_with(here, capsys, monkeypatch):
    import rmexp.sweeps.sweep as sweep

    launch = sweep._launch

    def broken(verb, multirun, config_dir, cells, job):
        launch(verb, multirun, config_dir, cells[:1], job)
        raise RuntimeError("a worker was killed")

    with monkeypatch.context() as patch:
        patch.setattr(sweep, "_launch", broken)
        assert main([*SWEEP, "seed=0,1"]) == 1
    told = capsys.readouterr()
    assert "the launcher gave up: a worker was killed" in told.err
    assert "seed=1: not finished; the same command goes on with it" in told.out
    assert main([*SWEEP, "seed=0,1"]) == 0
    assert states(capsys.readouterr()) == {"seed=0": "finished before", "seed=1": "finished"}


def test_a_launcher_that_cannot_start_is_a_sentence(here, capsys, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("no cluster here")

    monkeypatch.setattr("rmexp.sweeps.sweep._launch", broken)
    assert main([*SWEEP, "seed=0,1"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "rmexp: no cluster here"


def test_a_folder_of_another_sweep_is_refused(here, capsys):
    assert main([*SWEEP, "seed=choice(0)"]) == 0
    assert main([*SWEEP, "optimizer.lr=1e-3,1e-4"]) == 1
    assert "sweep holds another sweep (train data.pairs=40" in capsys.readouterr().err


def test_a_cell_folder_of_another_configuration_is_left_alone(here, capsys):
    assert main([*SWEEP[:1], *SWEEP[2:-1], "seed=5", "optimizer.lr=0.01", "run_dir='sweep/seed=0'"]) == 0
    assert main([*SWEEP, "seed=0,1"]) == 1
    assert "seed=0: the run folder sweep/seed=0 holds another configuration" in capsys.readouterr().out
    assert not Path("sweep/seed=0/failure.json").exists()


def test_cells_of_one_process_read_their_data_once(here, monkeypatch):
    import rmexp.data.learnt as data

    split, parted = data.with_splits, []
    monkeypatch.setattr(data, "with_splits", lambda *args, **asked: parted.append(args) or split(*args, **asked))
    assert main([*SWEEP, "data.seed=7", "seed=0,1"]) == 0
    assert len(parted) == 1


def test_cells_that_are_passed_over_are_not_composed_and_their_data_not_read(here, capsys, monkeypatch):
    cells = 30
    assert main([*SWEEP, "seed=choice(0)"]) == 0
    done = Path("sweep/seed=0")
    for seed in range(1, cells):
        cell = Path(f"sweep/seed={seed}")
        cell.mkdir()
        for name in ("summary.json", "config.yaml"):
            (cell / name).write_bytes((done / name).read_bytes())
        stamp = json.loads((done / "cell.json").read_text())
        stamp["overrides"] = [text.replace("seed=0", f"seed={seed}") for text in stamp["overrides"]]
        (cell / "cell.json").write_text(json.dumps(stamp))
    compose, composed, read = multirun.compose_unchecked, [], []
    monkeypatch.setattr(multirun, "MOST_CELLS", 3)  # that are checked beforehand
    monkeypatch.setattr(multirun, "compose_unchecked", lambda *args: composed.append(args) or compose(*args))
    monkeypatch.setattr("rmexp.sweeps.sweep._launch", lambda *args: pytest.fail("a cell is run"))
    monkeypatch.setattr("rmexp.verbs.data.framed", lambda *args: read.append(args))
    assert main([*SWEEP, f"seed={','.join(map(str, range(cells)))}"]) == 0
    assert capsys.readouterr().out.count("finished before") == cells
    assert (len(composed), read) == (3, [])


@pytest.mark.slow
def test_cells_side_by_side(here, capsys):
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    assert main([*SWEEP, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "seed=0,1"]) == 0
    assert states(capsys.readouterr()) == {"seed=0": "finished", "seed=1": "finished"}


@pytest.mark.slow
def test_cells_as_jobs_of_submitit(here, capsys):
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    assert main([*SWEEP, "hydra/launcher=local", "seed=0,1"]) == 0
    told = capsys.readouterr()
    assert "what it says goes to sweep/.submitit" in told.err
    assert states(told) == {"seed=0": "finished", "seed=1": "finished"}


@pytest.mark.slow
def test_comparisons_side_by_side_train_their_reference_once(here, capsys):
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    workers = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    assert main(["compare", *SWEEP[1:], *workers, "dpo.loss.beta=0.1,0.2"]) == 0
    trained = {name: len(list(Path("sweep").glob(f"*/{name}/summary.json"))) for name in ("sft", "reward", "dpo")}
    assert trained == {"sft": 1, "reward": 1, "dpo": 2}
    assert re.search(r"explicit 95 % +implicit +implicit 95 %.*\ndpo.loss.beta=0.1 +finished", capsys.readouterr().out)
