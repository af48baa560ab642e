"""Makes the pictures of reports in the documentation: `python -m docs.pictures`, with Debian's chromium.

The runs lie in build/pictures and are made once; the pictures go to docs/pictures.
"""

import os
import tempfile
from pathlib import Path

from tests.programs.browser import picture

from rmexp.cli import main

ROOT = Path(__file__).parent.parent
PLACE, TARGET = ROOT / "build" / "pictures", ROOT / "docs" / "pictures"
SWEEP = ("task=reward", "data=synthetic", "data.train_pairs=400", "model=tiny", "trainer.max_epochs=3", "logger=csv")
COMMANDS = (
    ("train", "task=reward", "data=json_vs_text", "model=tiny", "run_dir=runs/first"),
    ("report", "runs/first"),
    ("train", "-m", *SWEEP, "optimizer.lr=2e-4,1e-3,5e-3", "seed=0,1", "sweep_dir=runs/lr"),
    ("report", "runs/lr"),
    ("report", "runs"),
)
PICTURES = (  # name, page, width and height of the window
    ("run", "runs/first/report.html", (1024, 690)),
    ("sweep", "runs/lr/report.html", (1100, 1210)),
    ("index", "runs/index.html", (1024, 560)),
)


def pictures() -> None:
    """Make the runs that are not there yet, then every picture."""
    PLACE.mkdir(parents=True, exist_ok=True)
    TARGET.mkdir(exist_ok=True)
    os.chdir(PLACE)
    for command in COMMANDS:
        if main(list(command)):
            raise SystemExit(f"rmexp {' '.join(command)} failed")
    with tempfile.TemporaryDirectory() as folder:
        for name, page, window in PICTURES:
            picture(Path(page), TARGET / f"{name}.png", Path(folder), window)


if __name__ == "__main__":
    pictures()
