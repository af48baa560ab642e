import subprocess
import sys
import time

import pytest

from rmexp.hardware import processes
from rmexp.hardware.processes import OWN, Process, command_line, started, this_process


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, Process()),
        ({OWN: "2 4 1234 77"}, Process(2, 4, 1234, 77)),
        ({"RANK": "1", "WORLD_SIZE": "2"}, Process(1, 2)),
        ({"RANK": "1"}, Process()),
        ({"SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "3", "SLURM_NTASKS": "4"}, Process(3, 4)),  # srun
        ({"SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0", "SLURM_NTASKS": "4"}, Process()),  # a cell of submitit's
        ({"SLURM_NTASKS": "4", "SLURM_PROCID": "0"}, Process()),  # a script of sbatch's
        ({"SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1", "SLURM_JOB_NAME": "interactive"}, Process(1, 2)),  # salloc
    ],
)
def test_the_environment_says_which_process_this_is(environ, expected):
    assert this_process(environ) == expected


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """Processes that are started run this code instead of rmexp."""

    def write(code):
        script = tmp_path / "stand_in.py"
        script.write_text(code)
        start = subprocess.Popen
        monkeypatch.setattr(
            processes.subprocess, "Popen", lambda command, **options: start([sys.executable, str(script)], **options)
        )

    return write


def test_others_know_their_number_and_are_waited_for(stand_in, here):
    stand_in("import os, pathlib; pathlib.Path(f'{os.environ[\"RMEXP_PROCESS\"].split()[0]}').touch()")
    with command_line(["train"]), started(3, print) as others:
        assert this_process() == others.process
        assert (this_process().number, this_process().count) == (0, 3)
    assert sorted(path.name for path in here.iterdir() if path.name.isdecimal()) == ["1", "2"]
    assert this_process() == Process()


def test_an_error_ends_the_others(stand_in):
    stand_in("import time; time.sleep(60)")
    began = time.monotonic()
    with command_line(["train"]), pytest.raises(ZeroDivisionError), started(2, print):
        raise ZeroDivisionError
    assert time.monotonic() - began < 10


def test_a_dead_one_is_named(stand_in):
    stand_in("raise SystemExit(3)")
    with command_line(["train"]), started(2, print) as others:
        assert others.dead(10.0) == "process 1 of 2 has ended (exit code 3)"


def test_only_a_command_line_starts_processes():
    with pytest.raises(ValueError, match="only the command line starts them"), started(2, print):
        pass
