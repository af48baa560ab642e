"""A page of what runs have left: of one run of training, or of a sweep or any other runs with their leaderboard.

For one run: report.html in its folder, with curves, figures and what was set. For several: report.html, the
leaderboard as leaderboard.csv and leaderboard.md, and index.html, a table of all runs that sorts and searches; for runs
of task=ppo policies.csv besides, with what their policies gained. Nothing is trained or scored.

`rmexp report FOLDER --open --watch` is short for the keys run_dir, open and watch.

Examples:
    rmexp report FOLDER
    rmexp report FOLDER --open
    rmexp report FOLDER --watch
    rmexp report run_dir=SWEEP_FOLDER
    rmexp report run_dir=REPORT_FOLDER 'runs=[SWEEP_FOLDER,RUN_FOLDER]'
"""

import time
import webbrowser
from functools import partial
from pathlib import Path

from omegaconf import DictConfig

from rmexp.verbs.reporting.one_run import REPORT, is_of_another_verb, is_run, write_run_page
from rmexp.verbs.reporting.several import write_pages
from rmexp.verbs.reporting.watching import has_ended, watch

SECONDS = 2.0  # between two looks at what is watched


def report(config: DictConfig) -> Path:
    """Composed configuration in, folder with the page out."""
    folder = Path(str(config.run_dir))
    others = [Path(str(other)) for other in config.runs]
    if config.open and not others and is_run(folder) and is_of_another_verb(folder) and (folder / REPORT).is_file():
        _open(folder / REPORT)  # which its verb has written
        return folder
    write = partial(write_run_page, folder) if is_run(folder) and not others else partial(write_pages, folder, others)
    watched = bool(config.watch) and not has_ended(folder)
    page = write(watched=watched)
    print(f"report       {page}", flush=True)
    if config.open:
        _open(page)
    if watched:
        print("watching; Ctrl-C ends it", flush=True)
        watch(folder, partial(write, watched=True), look_again=partial(time.sleep, SECONDS))
        write(watched=False)
    return folder


def _open(page: Path) -> None:
    if not webbrowser.open(page.resolve().as_uri()):
        print(f"no browser was found; open {page.resolve()}")
