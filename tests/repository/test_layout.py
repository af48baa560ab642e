from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = sorted({path.parent for top in ("src", "tests", "benchmarks") for path in (ROOT / top).rglob("*.py")})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(ROOT).as_posix())
def test_a_folder_has_at_most_twenty_files(folder):
    assert len([*folder.glob("[!_]*.py")]) <= 20


def test_a_file_has_at_most_250_lines():
    long = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in ROOT.glob("src/**/*.py")}
    assert {path: lines for path, lines in long.items() if lines > 250} == {}
