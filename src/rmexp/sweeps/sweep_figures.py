"""The finished cells of a training sweep side by side: one CSV row a figure, and who is good on whose data."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from types import MappingProxyType
from typing import NamedTuple

from rmexp.config.identity.run_settings import followed_settings, run_settings
from rmexp.config.identity.saved import PLACES
from rmexp.durable import write_json, write_text
from rmexp.reports.terminal import percent, share_interval
from rmexp.runs.axes import ABSENT, SEED, Settings, differing, varied
from rmexp.runs.folder import read_environment
from rmexp.runs.named_settings import in_words, with_options
from rmexp.runs.pair_sets import PairSet, pair_set, told_apart
from rmexp.runs.rows import to_row
from rmexp.runs.summaries.file import read_summary
from rmexp.runs.summaries.held_out import HeldOutRow, headline_of
from rmexp.runs.summaries.train import TrainSummary
from rmexp.sweeps.bound_folder import read_sweep


class Cell(NamedTuple):
    """One finished run of a sweep.

    Attributes:
        folder: of it.
        settings: leaves of the configuration that the cells do not share.
        name: what it was trained on and how, in words, whatever its seed.
        evaluation: its figures.
        sets: where the pairs come from that stand for each data set.
    """

    folder: Path
    settings: Settings
    name: str
    evaluation: Sequence[HeldOutRow]
    sets: Mapping[str, PairSet] = MappingProxyType({})


class Entry(NamedTuple):
    """Accuracy of the models trained alike, over seeds, on one set of pairs."""

    train: str
    test: str
    accuracy: float | None  # None where a run has none, as on pairs that are all labelled ties
    sd: float | None  # over seeds; None for one, or without an accuracy
    usable_bits: float | None  # None where the scores of a run are no log-odds
    runs: int
    pairs: int  # of each run; the fewest where these differ
    low: float | None = None  # lower end of the 95 % interval of one run; the leaderboard has that over seeds
    high: float | None = None
    few: bool | None = None  # prompts on the rarer side, of one run
    trained_on: int = 0  # of the pairs, where a run was trained on them; the most where these differ


def read_cells(folders: Sequence[Path], swept: Sequence[str]) -> list[Cell]:
    """The cells with what tells them apart.

    Args:
        folders: of finished ones.
        swept: keys that the sweep went through.
    """
    configs = [_without_places(run_settings(folder)) for folder in folders]
    followed = [followed_settings(folder) for folder in folders]
    keys = differing([{key: config.get(key) for key in sorted(set().union(*configs))} for config in configs])
    choices = [read_environment(folder).choices or {} for folder in folders]
    named = with_options([*map(_without_places, followed)], choices, swept)
    axes = [axis for axis in varied(named, swept) if axis not in (SEED, "data.name")]
    return [
        Cell(
            folder,
            {key: config.get(key) for key in keys if key != "data.name"},
            _name(str(config["data.name"]), {axis: settings.get(axis, ABSENT) for axis in axes}),
            rows,
            {test: pair_set(folder, whole, test, row.split) for test, row in _headline(rows).items()},
        )
        for folder, config, settings, whole, rows in zip(
            folders, configs, named, followed, map(_evaluation, folders), strict=True
        )
    ]


def _without_places(settings: Settings) -> Settings:
    return {key: value for key, value in settings.items() if key not in PLACES}


def _name(data: str, settings: Settings) -> str:
    return f"{data} {in_words(settings)}" if settings else data


def transfer(cells: Sequence[Cell]) -> list[Entry]:
    """Accuracy of training on each data set and testing on each, averaged over seeds.

    The pairs of a model's own data count under the name of that data: of a split that chose nothing, where there is
    one, of `test` rather than another; other data may be `all` that there is.
    """
    groups: dict[tuple[str, str], list[HeldOutRow]] = {}
    apart = _apart(cells)
    for cell in cells:
        for test, row in _headline(cell.evaluation).items():
            groups.setdefault((cell.name, f"{test}{apart.get((cell.folder, test), '')}"), []).append(row)
    return [_entry(train, test, rows) for (train, test), rows in groups.items()]


def figures_csv(cells: Sequence[Cell]) -> str:
    """One line for each cell, set of pairs and slice, with the settings that the cells do not share."""
    rows = [{"folder": cell.folder.name, **cell.settings, **to_row(row)} for cell in cells for row in cell.evaluation]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write_sweep(folders: Sequence[Path], sweep_dir: Path) -> list[Entry]:
    """Leave `evaluation.csv` and `transfer.json` in the folder of a sweep.

    Returns:
        The entries of the transfer matrix.
    """
    cells = read_cells(folders, read_sweep(sweep_dir).swept)
    entries = transfer(cells)
    write_text(sweep_dir / "evaluation.csv", figures_csv(cells))
    write_json(sweep_dir / "transfer.json", [entry._asdict() for entry in entries])
    return entries


def matrix(entries: Sequence[Entry]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the transfer matrix: trained on, tested on; of how many pairs.

    Over several seeds with their deviation, of one run with its interval.
    """
    tests = list(dict.fromkeys(entry.test for entry in entries))
    found = {(entry.train, entry.test): entry for entry in entries}
    trains = dict.fromkeys(entry.train for entry in entries)
    return ["trained on, tested on", *tests], [
        [train, *(_shown(found.get((train, test))) for test in tests)] for train in trains
    ]


def _shown(entry: Entry | None) -> str:
    if entry is None:
        return "-"
    spread = share_interval(entry.low, entry.high, few=entry.few) if entry.sd is None else f"sd {100 * entry.sd:.1f}"
    learnt = f"({entry.trained_on:,} trained on)" if entry.trained_on else ""
    return " ".join(filter(None, (percent(entry.accuracy), spread, f"of {entry.pairs:,}", learnt)))


def _apart(cells: Sequence[Cell]) -> dict[tuple[Path, str], str]:
    """What tells the data of a name that a cell was tested on from that of others, behind the name."""
    found = dict[tuple[Path, str], str]()
    for test in dict.fromkeys(test for cell in cells for test in cell.sets):
        tested = [cell for cell in cells if test in cell.sets]
        for cell, words in zip(tested, told_apart([[cell.sets[test]] for cell in tested]), strict=True):
            found[cell.folder, test] = f", {words}" if words else ""
    return found


def _headline(evaluation: Sequence[HeldOutRow]) -> dict[str, HeldOutRow]:
    """The row that stands for each data set."""
    rows: dict[str, list[HeldOutRow]] = {}
    for row in evaluation:
        if row.slice is None:
            rows.setdefault(row.data, []).append(row)
    return {data: headline_of(splits) for data, splits in rows.items()}


def _entry(train: str, test: str, rows: Sequence[HeldOutRow]) -> Entry:
    accuracies, bits = _known([row.accuracy for row in rows]), _known([row.usable_bits for row in rows])
    sd = stdev(accuracies) if len(accuracies) > 1 else None
    means = [fmean(values) if values else None for values in (accuracies, bits)]
    entry = Entry(train, test, means[0], sd, means[1], len(rows), min(row.n for row in rows))
    entry = entry._replace(trained_on=max(row.trained_on or 0 for row in rows))
    if len(rows) > 1:
        return entry
    return entry._replace(
        low=rows[0].accuracy_low, high=rows[0].accuracy_high, few=rows[0].few and rows[0].accuracy is not None
    )


def _known(values: Sequence[float | None]) -> list[float]:
    """The values; none of them where one is missing."""
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else []


def _evaluation(folder: Path) -> Sequence[HeldOutRow]:
    summary = read_summary(folder, TrainSummary)
    return () if summary is None else summary.evaluation
