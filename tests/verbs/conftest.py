"""One comparison with the defaults, made once for all tests that look at its results."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rmexp.cli import main
from rmexp.durable import alone


class Comparison(NamedTuple):
    path: Path
    summary: dict[str, Any]


@pytest.fixture(scope="session")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "comparison"  # one for all workers
    path = place / "run"
    with alone(place / "lock"):
        if not (path / "summary.json").exists():
            assert main(["compare", "data=json_vs_text", "model=tiny", "logger=csv", f"run_dir={path}"]) == 0
    return Comparison(path, json.loads((path / "summary.json").read_text()))
