"""One comparison of fewer pairs than the default, made once for all tests that look at its results."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rmexp.cli import main
from rmexp.durable import alone

DATA = ("data=json_vs_text", "data.pairs=150", "data.unseen_pairs=20")


@pytest.fixture(autouse=True)
def figures(unrendered: None) -> None:
    """Pages of verbs are read for their words; tests/reports looks at figures."""


class Comparison(NamedTuple):
    path: Path
    command: list[str]
    summary: dict[str, Any]

    @property
    def data(self) -> tuple[str, ...]:
        """The overrides that choose its pairs."""
        return DATA


@pytest.fixture(scope="session")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "comparison"  # one for all workers
    path = place / "run"
    command = ["compare", *DATA, "model=tiny", "sft.trainer.max_epochs=2", "logger=csv", f"run_dir={path}"]
    with alone(place / "lock"):
        if not (path / "summary.json").exists():
            assert main(command) == 0
    return Comparison(path, command, json.loads((path / "summary.json").read_text()))
