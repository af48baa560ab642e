"""The page of several runs, their leaderboard, and the index of all that lie below a folder."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os.path import relpath
from pathlib import Path
from urllib.parse import quote

from rmexp.config.identity.run_settings import followed_settings, run_settings
from rmexp.config.identity.saved import PLACES
from rmexp.durable import write_text
from rmexp.reports.drawing import numbers
from rmexp.reports.index import index_report
from rmexp.reports.made import made_in
from rmexp.reports.sweep.files import accuracy_of, leaderboard_csv, leaderboard_markdown, policies_csv
from rmexp.reports.sweep.linked import LinkedRun
from rmexp.reports.sweep.page import SweepReport, methods, sweep_report
from rmexp.reports.terminal import interval, number, show_table
from rmexp.runs.axes import ABSENT, Settings, differing, varied
from rmexp.runs.folder import read_config, read_environment
from rmexp.runs.found import credits_of, find_runs
from rmexp.runs.groups import Group, Run, grouped
from rmexp.runs.leaderboard import LEAD, Standing, leaderboard
from rmexp.runs.listed import listed_runs
from rmexp.runs.named_settings import in_words, with_options
from rmexp.runs.policy_standings import PolicyStanding, policy_standings, told_apart
from rmexp.sweeps.bound_folder import read_sweep
from rmexp.tracking.metrics_csv import read_metrics
from rmexp.verbs.reporting.one_run import METRICS, REPORT, is_outdated, is_training, write_run_page
from rmexp.verbs.reporting.typed import typed_keys

MOST_SHOWN = 20  # lines of a table on the terminal
BESIDE = ("logger.", "callbacks.saving.", "callbacks.progress.")


def write_pages(folder: Path, others: Sequence[Path], *, watched: bool = False) -> Path:
    """Write report.html, the leaderboard, and index.html; runs below the folder get pages of their own.

    Args:
        folder: of runs, where the pages go.
        others: further folders of runs for the same leaderboard.
        watched: whether the page asks the browser for its next version.

    Raises:
        ValueError: there are no runs.
    """
    found = [folder] if folder.is_dir() else []
    if not found and not others:
        raise ValueError(f"{folder}: expected a run or a folder of runs, but there is none (set run_dir)")
    runs, failures = find_runs([*found, *others], followed_settings)
    if not runs and not failures:
        raise ValueError(f"{folder} holds no runs (set run_dir or runs)")
    swept = () if others else read_sweep(folder).swept
    runs = _named(runs, swept)
    judged = [run for run in runs if run.tested or run.policy is not None]
    typed = {key for run in judged for key in typed_keys(Path(run.folder))}
    axes = varied([run.settings for run in judged], swept, typed) if judged else []
    standings = leaderboard(grouped(runs, axes), credits_of)
    policies = policy_standings(runs, axes)
    linked = [_linked(run, folder, axes) for run in runs]
    for failure in failures:
        _renew(Path(failure.folder), folder)
    page = SweepReport(str(folder), len(runs), axes, standings, failures, policies, linked, watched)
    write_text(folder / "leaderboard.csv", leaderboard_csv(standings))
    write_text(folder / "leaderboard.md", leaderboard_markdown(standings))
    if policies:
        write_text(folder / "policies.csv", policies_csv(policies))
    write_text(folder / REPORT, sweep_report(page))
    write_text(folder / "index.html", index_report(str(folder), listed_runs([*found, *others], run_settings), folder))
    if not watched:
        _tell(page, folder)
    return folder / REPORT


def _linked(run: Run, folder: Path, axes: Sequence[str]) -> LinkedRun:
    """A run with a page that is as new as its files, where it lies below the folder and may be written."""
    path = Path(run.folder)
    _renew(path, folder)
    name = relpath(path, folder)
    return LinkedRun(
        folder=run.folder,
        name=path.name if name.startswith("..") else name,
        href=quote(f"{name}/{REPORT}") if (path / REPORT).is_file() else None,
        settings={axis: run.settings.get(axis, ABSENT) for axis in axes},
        made=made_in(path, read_config(path)),
        rows=read_metrics(path / METRICS),
    )


def _renew(path: Path, folder: Path) -> None:
    """Write the page of a run of training that lies below the folder, unless it is as new as the run's files."""
    if path.is_relative_to(folder) and is_training(path) and is_outdated(path):
        write_run_page(path)


def _named(runs: Sequence[Run], swept: Sequence[str]) -> list[Run]:
    """Runs with the settings that matter, as people call them."""
    settings = [_that_matter(run.settings) for run in runs]
    choices = [read_environment(Path(run.folder)).choices or {} for run in runs]
    named = with_options(settings, choices, swept)
    return [replace(run, settings=found) for run, found in zip(runs, named, strict=True)]


def _that_matter(settings: Settings) -> Settings:
    """Settings without those that say where things go and what is told on the way."""
    told = {key: value for key, value in settings.items() if key not in PLACES and not key.startswith(BESIDE)}
    return {key: value for key, value in told.items() if not key.endswith("_partial_")}  # which says how it is called


def _tell(page: SweepReport, folder: Path) -> None:
    _show_policies(page.policies)
    _show(page.standings)
    left = f", and {len(page.failures)} that failed or did not finish" if page.failures else ""
    print(f"{page.runs} runs{left}")
    if page.policies:
        print(f"policies     {folder / 'policies.csv'}")
    print(f"leaderboard  {folder / 'leaderboard.csv'}")
    print(f"index        {folder / 'index.html'}")


def _show_policies(policies: Sequence[PolicyStanding]) -> None:
    rows = [
        (
            f"{line.rank}. {in_words(line.settings)}",
            number(line.gain),
            f"[{number(line.low)}, {number(line.high)}]" if line.low is not None else "",
            number(line.gold),
            number(line.kl),
            str(len(line.folders)),
        )
        for line in told_apart(policies)[:MOST_SHOWN]
    ]
    if rows:
        show_table(("policies", "gain, SD", "95 %", "true gain, SD", "kl", "runs"), rows)
        if policies[-1].measure > 1:
            print("ranks are among policies of the same reward, prompts and start")
        print()


def _show(standings: Sequence[Standing]) -> None:
    boards: dict[tuple[str, str, bool, str], list[Settings]] = {}
    for line in standings:
        boards.setdefault(line.group.board, []).append(line.group.settings)
    apart = {board: differing(settings) for board, settings in boards.items()}
    rows = [
        (
            f"{line.group.place}  {line.rank}. {_told(line.group, apart)}",
            accuracy_of(line.group),
            interval(line.group.low, line.group.high) + (" few" if line.group.few else ""),
            number(line.group.nll),
            str(len(line.group.accuracies)),
            "" if line.p is None else numbers.p_value(line.p).removeprefix("= "),
        )
        for line in standings[:MOST_SHOWN]
    ]
    show_table(("", "accuracy", "95 %", "nll", "runs", "p to the next"), rows)
    for method in dict.fromkeys(map(numbers.taken, methods(standings))):
        print(f"95 %: {method}")
    if any(line.lead_low is not None for line in standings):
        print(f"p: {LEAD}, Holm")
    if len(standings) > MOST_SHOWN:
        print(f"... and {len(standings) - MOST_SHOWN} more lines")


def _told(group: Group, apart: Mapping[tuple[str, str, bool, str], Sequence[str]]) -> str:
    return in_words({axis: group.settings[axis] for axis in apart[group.board]})
