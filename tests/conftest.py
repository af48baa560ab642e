"""No network; fixtures of models are in support/small_models.py, which the processes that run tests read."""

import gc
import importlib.util
import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import pytest

os.environ |= {
    "WANDB_MODE": "disabled",
    "WANDB_ERROR_REPORTING": "false",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}

collect_ignore = ["families.py", "freeze.py", "same.py"]  # scripts


def pytest_configure(config: pytest.Config) -> None:
    """Import torch where tests run, which the first process of pytest-xdist leaves to its workers.

    Nobody looks for garbage there until all modules are imported, for nearly all that they make stays.
    """
    if hasattr(config, "workerinput") or not config.getoption("numprocesses"):
        gc.disable()
        config.pluginmanager.import_plugin("tests.support.small_models")


def pytest_collection_finish() -> None:
    """Look for garbage seldom, and not in what was imported: each look at that takes as long as a test."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    gc.enable()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def four_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights in 4 bits by bitsandbytes, or where it is not installed (125 MB) by a slow stand-in."""
    pytest.importorskip("peft", reason="the extra lora is not installed")
    if importlib.util.find_spec("bitsandbytes") is None:
        from tests.support import four_bits

        monkeypatch.setitem(sys.modules, "bitsandbytes.functional", four_bits)


@pytest.fixture
def unrendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are painted but neither laid out nor written, which is most of a page's time: its words are as ever."""

    class Blank:
        def __init__(self, figure: Any) -> None:
            pass

        def print_svg(self, buffer: TextIO, metadata: Any) -> None:
            buffer.write('<svg viewBox="0 0 1 1">\n</svg>')

    monkeypatch.setattr("rmexp.reports.drawing.svg.FigureCanvasSVG", Blank)


@pytest.fixture(scope="session")
def offline_run() -> Callable[[Path], dict[str, list[dict[str, Any]]]]:
    """Reads what the one offline run of Weights & Biases in a run folder holds, by the kind of record."""

    def read(folder: Path) -> dict[str, list[dict[str, Any]]]:
        (file,) = folder.glob("wandb/offline-run-*/run-*.wandb")
        command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(file)]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        records = [json.loads(line) for line in lines]
        kinds = {record["type"] for record in records}
        return {kind: [record[kind] for record in records if record["type"] == kind] for kind in kinds}

    return read


@pytest.fixture
def connected(tmp_path: Path) -> Callable[..., list[Any]]:
    """Calls a function in each of several processes that are connected by gloo; what it returns in each, in order."""
    fork = multiprocessing.get_context("fork")

    def run(count: int, function: Callable[[], Any]) -> list[Any]:
        answers = fork.Queue()

        def one(rank: int) -> None:
            from torch import distributed

            distributed.init_process_group(
                "gloo", init_method=f"file://{tmp_path}/store-{count}", rank=rank, world_size=count
            )
            answers.put((rank, function()))
            distributed.destroy_process_group()

        processes = [fork.Process(target=one, args=(rank,), daemon=True) for rank in range(count)]
        for process in processes:
            process.start()
        found = dict(answers.get(timeout=60) for _ in processes)
        for process in processes:
            process.join(60)
        (tmp_path / f"store-{count}").unlink(missing_ok=True)
        return [found[rank] for rank in range(count)]

    return run
