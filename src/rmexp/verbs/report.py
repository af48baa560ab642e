"""A page of what runs have left: of one run of training, or of a sweep or any other runs with their leaderboard.

For one run: report.html in its folder, with curves, figures and what was set. For several: report.html and the
leaderboard as leaderboard.csv and leaderboard.md; for runs of task=ppo policies.csv besides, with what their policies
gained. Nothing is trained or scored.

Examples:
    rmexp report run_dir=FOLDER
    rmexp report run_dir=SWEEP_FOLDER
    rmexp report run_dir=REPORT_FOLDER 'runs=[SWEEP_FOLDER,RUN_FOLDER]'
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from rmexp.config.compose import compose_unchecked
from rmexp.config.identity.saved import PLACES, leaves
from rmexp.config.problems import ConfigurationError
from rmexp.config.run_settings import followed_settings, run_settings
from rmexp.durable import write_text
from rmexp.jsonl import parse_row, read_lines
from rmexp.reports.drawing import numbers
from rmexp.reports.run.content import PolicySample, RunReport
from rmexp.reports.run.page import run_report
from rmexp.reports.sweep.page import (
    SweepReport,
    label,
    leaderboard_csv,
    leaderboard_markdown,
    methods,
    policies_csv,
    sweep_report,
)
from rmexp.reports.terminal import interval, number, percent, show_table
from rmexp.runs.axes import Group, Settings, differing, grouped, varied
from rmexp.runs.folder import CONFIG, read_config, read_environment, read_failure
from rmexp.runs.found import credits_of, find_runs
from rmexp.runs.leaderboard import LEAD, Standing, leaderboard
from rmexp.runs.policy_standings import PolicyStanding, policy_standings
from rmexp.runs.rows import from_row
from rmexp.runs.summaries.file import SUMMARY, read_summary
from rmexp.runs.summaries.train import TrainSummary
from rmexp.sweeps.cell_stamp import read_stamp
from rmexp.sweeps.sweep import read_sweep
from rmexp.tracking.metrics_csv import read_metrics
from rmexp.verbs.run_scores import scored_set

MOST_SHOWN = 20  # lines of a table on the terminal
MOST_SAMPLES = 8  # of a policy's responses on its page, the latest
BESIDE = ("logger.", "callbacks.saving.", "callbacks.progress.")


def report(config: DictConfig) -> Path:
    """Composed configuration in, folder with the page out."""
    folder = Path(str(config.run_dir))
    others = [Path(str(other)) for other in config.runs]
    if (folder / CONFIG).is_file() and not others:
        return _report_run(folder)
    found = [folder] if folder.is_dir() else []
    if not found and not others:
        raise ValueError(f"{folder}: expected a run or a folder of runs, but there is none (set run_dir)")
    runs, failures = find_runs([*found, *others], followed_settings)
    if not runs and not failures:
        raise ValueError(f"{folder} holds no runs (set run_dir or runs)")
    swept = read_sweep(folder).swept
    axes = varied([_that_matter(run.settings) for run in runs], swept if not others else ()) if runs else []
    standings = leaderboard(grouped(runs, axes), credits_of)
    policies = policy_standings(runs, axes)
    page = SweepReport(str(folder), len(runs), axes, standings, failures, policies)
    write_text(folder / "leaderboard.csv", leaderboard_csv(standings))
    write_text(folder / "leaderboard.md", leaderboard_markdown(standings))
    if policies:
        write_text(folder / "policies.csv", policies_csv(policies))
    write_text(folder / "report.html", sweep_report(page))
    _show_policies(policies)
    _show(standings)
    print(f"{len(runs)} runs" + (f", {len(failures)} that failed or are not finished" if failures else ""))
    if policies:
        print(f"policies     {folder / 'policies.csv'}")
    print(f"leaderboard  {folder / 'leaderboard.csv'}")
    print(f"report       {folder / 'report.html'}")
    return folder


def _that_matter(settings: Settings) -> Settings:
    """Settings without those that say where things go and what is told on the way."""
    return {key: value for key, value in settings.items() if key not in PLACES and not key.startswith(BESIDE)}


def _report_run(folder: Path) -> Path:
    summary = read_summary(folder, TrainSummary)
    if summary is None and (folder / SUMMARY).is_file():
        raise ValueError(f"{folder}: a run of another verb than train has its own report, {folder / 'report.html'}")
    page = RunReport(
        folder=str(folder),
        summary=summary,
        rows=read_metrics(folder / "metrics.csv"),
        samples=_samples(folder / "samples.jsonl"),
        changed=[*_changed(folder)],
        config_yaml=read_config(folder),
        environment=read_environment(folder),
        failure=read_failure(folder),
        scored=scored_set(folder, summary),
    )
    write_text(folder / "report.html", run_report(page))
    print(f"report       {folder / 'report.html'}")
    return folder


def _samples(path: Path) -> list[PolicySample]:
    """The latest responses of a policy; none of a run that samples none."""
    rows = [parse_row(path, *line) for line in read_lines(path)][-MOST_SAMPLES:] if path.is_file() else []
    return [from_row(PolicySample, row) for row in rows]


def _changed(folder: Path) -> Iterator[tuple[str, object, object]]:
    """Settings of a run that the options it chose do not have by themselves."""
    command = read_environment(folder).command
    overrides = read_stamp(folder).overrides or [text for text in command[2:] if "=" in text]
    choices = [text for text in overrides if "." not in text.partition("=")[0].partition("@")[0]]
    own = [text for text in choices if text.partition("=")[0] not in (*PLACES, "seed") and "," not in text]
    try:
        composed = compose_unchecked("train", own).config
    except ConfigurationError:  # of a tree that is no longer there
        composed = compose_unchecked("train", []).config
    defaults = leaves(OmegaConf.to_container(composed, resolve=False))
    for key, value in run_settings(folder).items():
        if key not in PLACES and (key not in defaults or defaults[key] != value):
            yield key, value, defaults.get(key, "not there")


def _show_policies(policies: list[PolicyStanding]) -> None:
    rows = [
        (
            f"{rank}. {label(line.settings)}",
            number(line.gain),
            f"[{number(line.low)}, {number(line.high)}]" if line.low is not None else "",
            number(line.gold),
            number(line.kl),
            str(len(line.folders)),
        )
        for rank, line in enumerate(policies[:MOST_SHOWN], 1)
    ]
    if rows:
        show_table(("policies", "gain, SD", "95 %", "true gain, SD", "kl", "runs"), rows)
        print()


def _show(standings: list[Standing]) -> None:
    places: dict[tuple[str, str], list[Group]] = {}
    for line in standings:
        places.setdefault((line.group.data, line.group.split), []).append(line.group)
    apart = {place: differing(groups) for place, groups in places.items()}
    rows = [
        (
            f"{line.group.place}  {line.rank}. {_told(line.group, apart)}",
            percent(line.group.accuracy),
            interval(line.group.low, line.group.high) + (" few" if line.group.few else ""),
            number(line.group.nll),
            str(len(line.group.accuracies)),
            "" if line.p is None else numbers.p_value(line.p).removeprefix("= "),
        )
        for line in standings[:MOST_SHOWN]
    ]
    show_table(("", "accuracy", "95 %", "nll", "runs", "p to the next"), rows)
    for method in methods(standings):
        print(f"95 %: {method}")
    if any(line.lead_low is not None for line in standings):
        print(f"p: {LEAD}, Holm")
    if len(standings) > MOST_SHOWN:
        print(f"... and {len(standings) - MOST_SHOWN} more lines")


def _told(group: Group, apart: Mapping[tuple[str, str], Sequence[str]]) -> str:
    return label({axis: group.settings[axis] for axis in apart[group.data, group.split]})
