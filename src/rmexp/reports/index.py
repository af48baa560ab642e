"""The index of runs: a table that sorts and searches, the one page with a script."""

import base64
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files
from os.path import relpath
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from markupsafe import Markup

from rmexp.reports.drawing.numbers import counted, number, percent
from rmexp.reports.drawing.page import render
from rmexp.runs.listed import FAILED, FINISHED, NOT_FINISHED, ListedRun

SHARES = ("accuracy", "best baseline", "kept")


class Line(NamedTuple):
    """A run on the page.

    Attributes:
        run: as it was found.
        name: its folder, from where the page lies.
        href: of its page; None where it has none.
        value: of its figure, in words, with what is said beside it.
    """

    run: ListedRun
    name: str
    href: str | None
    value: str


def index_report(folder: str, runs: Sequence[ListedRun], place: Path) -> str:
    """The whole page as HTML: one file that asks for nothing; its script is allowed by its hash.

    Args:
        folder: that was looked in, as text for the reader.
        runs: in the order to be shown.
        place: folder that the page will lie in.
    """
    script = files("rmexp.reports").joinpath("templates", "_index.js").read_text(encoding="utf-8")
    digest = base64.b64encode(sha256(script.encode()).digest()).decode()
    return render(
        "index.html",
        folder=folder,
        lines=[_line(run, place) for run in runs],
        verdict=verdict(runs),
        script=Markup(script),
        digest=digest,
    )


def verdict(runs: Sequence[ListedRun]) -> str:
    """The sentence that leads the page: how many runs there are, and in which state.

    >>> verdict([])
    'No runs.'
    """
    if not runs:
        return "No runs."
    states = [run.state for run in runs]
    parts = [f"{states.count(state)} {state}" for state in (FINISHED, FAILED, NOT_FINISHED) if state in states]
    return f"{counted(len(runs), 'run')}: {', '.join(parts)}."


def _line(run: ListedRun, place: Path) -> Line:
    name = relpath(run.folder, place)
    page = run.folder / "report.html"
    value = "" if run.value is None else percent(run.value) if run.figure in SHARES else number(run.value)
    value += f" ({run.learnt})" if run.learnt else ""
    return Line(run, name, quote(f"{name}/report.html") if page.is_file() else None, value)
