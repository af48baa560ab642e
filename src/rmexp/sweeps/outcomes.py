"""What became of the cells of a sweep: told one by one while it goes on, and in a table when it is over."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rmexp.reports.drawing.numbers import duration
from rmexp.reports.terminal import number, percent, share_interval, show_table
from rmexp.runs.summaries.compare import CompareSummary
from rmexp.runs.summaries.file import read_summary
from rmexp.runs.summaries.held_out import HeldOutRow, headline_of
from rmexp.runs.summaries.train import LastValidation, TrainSummary

BESIDE = ("95 %", "explicit 95 %", "implicit 95 %", "pairs")  # of an accuracy, in the table alone
FINISHED, FINISHED_BEFORE, FAILED = "finished", "finished before", "failed"


class Outcome(NamedTuple):
    """What became of a cell.

    Attributes:
        name: of the cell.
        folder: its run folder.
        state: `finished`, `finished before` or `failed`.
        message: why it failed.
        seconds: that it took now.
        imports: those of them that went by in imports, which only the first cell of a process waits for.
    """

    name: str
    folder: Path
    state: str
    message: str = ""
    seconds: float = 0.0
    imports: float = 0.0


class Headline(NamedTuple):
    """The figures that cells are compared by.

    Attributes:
        figures: in words; none of a cell that left none.
        worth: the greater, the better; empty where cells of this kind have no order.
    """

    figures: dict[str, str]
    worth: tuple[float, ...] = ()


class Standing:
    """How far a sweep is, for those who wait for it.

    Args:
        total: cells.
        before: those that were finished before.
    """

    def __init__(self, total: int, before: Sequence[Outcome]) -> None:
        self.total, self.before = total, len(before)
        self.done: list[Outcome] = []  # in this process
        self._best: tuple[tuple[float, ...], str] = ((), "")
        for outcome in before:
            self._judge(outcome)

    def ended(self, outcome: Outcome) -> None:
        """Take note of a cell."""
        self.done.append(outcome)
        self._judge(outcome)

    def heading(self, number: int, name: str) -> str:
        """Where the sweep is when a cell begins.

        Args:
            number: of the cell among those that were left, counted from 0.
            name: of the cell.
        """
        place = self.before + number + 1
        told = [f"cell {place} of {self.total}: {name}"]
        if self._best[1]:
            told.append(f"best so far {self._best[1]}")
        if self.done:
            mean = sum(outcome.seconds - outcome.imports for outcome in self.done) / len(self.done)
            told.append(f"about {duration(mean * (self.total - place + 1))} left")
        return "; ".join(told)

    def _judge(self, outcome: Outcome) -> None:
        found = headline(outcome)
        if found.worth > self._best[0]:
            figures = ", ".join(f"{name} {value}" for name, value in found.figures.items() if name not in BESIDE)
            self._best = found.worth, f"{figures} ({outcome.name})"


def show_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Leave a table of all cells on the terminal, and why some failed."""
    figures = [headline(cell).figures for cell in outcomes]
    names = list(dict.fromkeys(name for found in figures for name in found))
    rows = [
        (cell.name, cell.state, *(found.get(name, "-") for name in names), f"{cell.seconds:.1f} s")
        for cell, found in zip(outcomes, figures, strict=True)
    ]
    print()
    show_table(("cell", "", *names, ""), rows)
    for cell in outcomes:
        if cell.state == FAILED:
            print(f"{cell.name}: {cell.message}")


def headline(cell: Outcome) -> Headline:
    """The figures that a cell is compared by: those of its verb and task."""
    if cell.state == FAILED:
        return Headline({})
    if (compared := read_summary(cell.folder, CompareSummary)) is not None:
        figures: dict[str, str] = {}
        for name, one in (("explicit", compared.explicit), ("implicit", compared.implicit)):
            bounds = share_interval(one.accuracy_low, one.accuracy_high, few=one.few, ties=one.tie_rate)
            figures |= {name: percent(one.accuracy), f"{name} 95 %": bounds}
        worth = _worth(compared.explicit.accuracy, compared.implicit.accuracy)
        return Headline({**figures, "pairs": str(compared.explicit.n)}, worth)
    if (trained := read_summary(cell.folder, TrainSummary)) is None:
        return Headline({})
    if trained.policy is not None:
        reward = trained.policy.reward.after
        return Headline({"reward": number(reward), "kl": number(trained.policy.kl)}, (reward,))
    row = _on_headline(trained)
    accuracy, loss = row.accuracy, row.loss if isinstance(row, LastValidation) else row.nll
    by = [None if loss is None else -loss]
    if trained.task == "sft":  # whose accuracy is nothing that it learns
        return Headline({"accuracy": percent(accuracy), "loss": number(loss)}, _worth(*by))
    bounds = share_interval(
        row.accuracy_low, row.accuracy_high, few=row.few and accuracy is not None, ties=row.tie_rate
    )
    figures = {"accuracy": percent(accuracy), "95 %": bounds, "loss": number(loss), "pairs": str(row.n)}
    if learnt := _learnt(trained, row):
        figures["accuracy"] += f" ({learnt})"
    return Headline(figures, _worth(accuracy, *by))


def _on_headline(trained: TrainSummary) -> LastValidation | HeldOutRow:
    """Figures on the validation pairs; where these chose the weights, on another split of the same data."""
    val = trained.val
    own = next((row.data for row in trained.evaluation if row.selected_on), None)
    splits = [row for row in trained.evaluation if row.slice is None and row.data == own]
    if not splits or (headline := headline_of(splits)).selected_on:
        return val
    return headline


def _learnt(trained: TrainSummary, row: LastValidation | HeldOutRow) -> str:
    """What is said beside the headline where its pairs were trained on.

    Which pairs were is known of those that were scored when the model was finished. Validations may have computed some
    of these alone.
    """
    if isinstance(row, HeldOutRow):
        return row.learnt
    whole = (one for one in trained.evaluation if one.slice is None and one.split == "val")
    own = next(whole, None)  # other data come later
    if own is None or not own.trained_on or own.n == row.n:
        return "" if own is None else own.learnt
    return f"{own.trained_on:,} of all {own.labelled:,} trained on"


def _worth(*by: float | None) -> tuple[float, ...]:
    return tuple(value for value in by if value is not None)
