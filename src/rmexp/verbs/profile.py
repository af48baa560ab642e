"""Profiles a data set without a trained model: what is in it, what contradicts or leaks, how hard it is.

Leaves profile.json, difficulty.jsonl (one bin a pair, for data.difficulty) and report.html; malformed rows are left out
and counted. Several data sets with -m are put side by side in the sweep folder.

Examples:
    rmexp profile data=jsonl data.path=PAIRS.jsonl.gz
    rmexp profile data=jsonl data.path=PAIRS.jsonl data.group=meta.topic tokenizer=HF_FOLDER_OR_ID
    rmexp profile -m data=json_vs_text,synthetic
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from rmexp.config.folders import run_folder
from rmexp.config.identity.saved import run_config
from rmexp.data.leaks.check import Leaks, leaks_of
from rmexp.data.loaded import LoadedData, write_bad_rows
from rmexp.data.split import with_splits
from rmexp.durable import write_json, write_text
from rmexp.jsonl import write_rows
from rmexp.models.backbones.location import model_inputs
from rmexp.phases import Phase, phase
from rmexp.profile.longer_by_part import Split
from rmexp.records import Preference
from rmexp.reports.drawing.numbers import count, counted
from rmexp.reports.made import made_in
from rmexp.reports.terminal import percent, share_interval, show_table
from rmexp.runs.folder import RunFolder, claim
from rmexp.runs.rows import read_record, to_row
from rmexp.runs.summaries.profile import ProfileFigures, ProfileSummary
from rmexp.verbs.data import load_data

log = logging.getLogger(__name__)

PROFILE, DIFFICULTY, REPORT = "profile.json", "difficulty.jsonl", "report.html"


def profile(config: DictConfig) -> Path:
    """Composed configuration in, finished run folder with its report out."""
    data = load_data(config.data)
    if not any(data.records.splits.values()):
        raise ValueError(f"expected preference pairs to profile, but data={data.name} has none (set data)")
    bound = run_config(config)
    path = run_folder("profile", config, bound)
    inputs = {"data": data.fingerprint, **model_inputs("tokenizer", config.tokenizer)}
    with claim(path, bound, inputs) as run:
        summary = run.summary(ProfileSummary)
        if summary is None:
            with phase(Phase.EVALUATING, data.name):
                summary = _profile(config, data, run)
            run.finish(summary)
    _show(summary.profile, path)
    return path


def after_sweep(folders: list[Path], sweep_dir: Path) -> None:
    """Put the profiles of a multirun side by side: a table here, profiles.json and profiles.html in its folder."""
    from rmexp.reports.profile.profiles import profiles_report, row_of

    found = [read_record(ProfileFigures, folder / PROFILE) for folder in folders]
    names = _names(found, folders)
    rows = [row_of(name, str(folder), profile) for name, folder, profile in zip(names, folders, found, strict=True)]
    write_json(sweep_dir / "profiles.json", [to_row(row) for row in rows])
    write_text(sweep_dir / "profiles.html", profiles_report(rows))
    print()
    cells = [
        (
            row.name,
            str(row.pairs),
            *(
                f"{percent(rule.accuracy)} {share_interval(rule.low, rule.high, few=rule.few, ties=rule.undecided)}"
                for rule in (row.longer, row.best)
            ),
            row.best_name,
            percent(row.ceiling),
        )
        for row in rows
    ]
    show_table(("data set", "pairs", "longer", "best baseline", "", "best possible"), cells)
    print(f"side by side {sweep_dir / 'profiles.html'}")


def _names(profiles: list[ProfileFigures], folders: list[Path]) -> list[str]:
    """What tells the data sets apart: their names, else their files, else their run folders."""
    files = [_place(Path(profile.path or "")).partition(".")[0] for profile in profiles]
    choices = ([profile.data for profile in profiles], files, [folder.name for folder in folders])
    return next((names for names in choices if len(set(names)) == len(names)), choices[-1])


def _place(path: Path) -> str:
    """A file or folder with the one that it lies in, which is often what has the name of the data.

    >>> _place(Path("/data/helpful/pairs.jsonl.gz"))
    'helpful/pairs.jsonl.gz'
    """
    return f"{path.parent.name}/{path.name}".lstrip("/")


def _profile(config: DictConfig, data: LoadedData, run: RunFolder) -> ProfileSummary:
    from rmexp.profile.profile import profile_of
    from rmexp.profile.resolution import resolution
    from rmexp.reports.profile.page import profile_report
    from rmexp.reports.profile.wording import warnings
    from rmexp.verbs.profile_figures import profile_figures

    began = time.perf_counter()
    write_bad_rows(data.records, run.path)
    leaks, split = _split(data)
    found = profile_of(
        data.records,
        leaks,
        None if split is None else resolution(split, data.split_rule.group),
        group=data.split_rule.group,
        max_tokens=data.limits.max_tokens,
        tokenizer=config.tokenizer,
        strength=list(config.strength),
        seed=config.seed,
    )
    skipped_here = "on_bad_row" in config.data and OmegaConf.is_interpolation(config.data, "on_bad_row")
    found = replace(found, train_stops=skipped_here)  # where a row of files is bad
    name = data.name
    named = config.data.get("path")
    source = named if named is None or isinstance(named, str) else ", ".join(named)
    figures = profile_figures(found, name, source, data.fingerprint, tuple(warnings(found)))
    write_rows(run.path / DIFFICULTY, map(to_row, found.difficulty.lines(found.records)))
    write_json(run.path / PROFILE, to_row(figures))
    title = name if source is None else f"{name}: {_place(Path(source))}"
    page = profile_report(found, data=title, made=made_in(run.path, run.config.text))
    write_text(run.path / REPORT, page)
    return ProfileSummary(round(time.perf_counter() - began, 2), figures)


def _split(data: LoadedData) -> tuple[Leaks | None, Mapping[str, Sequence[Preference]] | None]:
    """Leaks between the splits that training would use, None where data.leaks is `ignore`, and the pairs of these.

    Neither is there where the data cannot be split.
    """
    assert data.selection is not None
    ignored = data.selection.leaks == "ignore"
    try:
        split = with_splits(data.records, data.split_rule, data.name, keyed=not ignored)
    except ValueError as error:
        log.info("leaks between splits are not looked for: %s", error)
        return None, None
    return None if ignored else leaks_of(split, data.selection), split.splits


def _by_split(splits: Mapping[str, Split]) -> str:
    """What the splits of the source add to the whole, such as ` (8,000 train, 500 val)`; nothing for a single one."""
    parts = ", ".join(f"{count(split.pairs)} {name}" for name, split in splits.items())
    return f" ({parts})" if len(splits) > 1 else ""


def _show(found: ProfileFigures, path: Path) -> None:
    print(
        f"{found.data}: {counted(found.pairs, 'pair')}{_by_split(found.splits)}, "
        f"{counted(found.prompts, 'prompt')}, "
        f"{counted(found.tokens, 'token')}, {counted(found.ties, 'tie')}, "
        f"{counted(found.bad_rows, 'row')} left out"
    )
    rows = [
        (name, percent(rule.accuracy), share_interval(rule.low, rule.high, few=rule.few, ties=rule.undecided))
        for name, rule in sorted(found.baselines.items(), key=lambda item: -(item[1].accuracy or 0))
    ]
    show_table(("baseline", "accuracy", "95 %"), rows)
    if found.ceiling is not None:
        print(f"best possible accuracy {percent(found.ceiling.bayes_accuracy)}")
    for warning in found.warnings:
        print(f"note: {warning}")
    print(f"difficulty   {path / DIFFICULTY} (by {found.difficulty.by})")
    print(f"run folder   {path}")
    print(f"report       {path / REPORT}")
