"""Two responses a row and what says which of them is the better one: a name, a signed strength, or two numbers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NamedTuple

from rmexp.jsonl import JsonObject, describe
from rmexp.metrics.preferred_side import preferred_side
from rmexp.ranges import check_ranges
from rmexp.records import Preference
from rmexp.sources.formats.listed_turns import as_turns
from rmexp.sources.formats.two_sides import beside, check_no_tie, sided
from rmexp.sources.rows import (
    Outcome,
    Row,
    as_number,
    extras,
    field,
    has_field,
    number,
    number_or_flag,
    optional_field,
    row_by_row,
)

POSITIVE = ("first", "second")


class Verdict(NamedTuple):
    """What a label says.

    Attributes:
        target: probability that the first response is the better one.
        lead: how much better the first is; None where that is not said.
        meta: what else is to be kept.
    """

    target: float
    lead: float | None
    meta: JsonObject


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Which column holds what, and what the values of the label mean; paths reach inside: `summaries.0.text`.

    Prompt and responses are texts or messages; where there is no prompt, it is what both responses begin with.

    Attributes:
        prompt: text or messages; of several columns the first that holds something; None where both sides are whole
            dialogues.
        system: the system's turn; may be missing.
        first: the response listed first.
        second: the other one.
        turns: whether each of these is a list of turns, the user's and the assistant's by turns, or the JSON of one.
        label: column that says which is better; two columns: of numbers, one for each response, the higher one better.
        first_wins: values of the label for the first.
        second_wins: values for the second.
        ties: values for neither; their target is 0.5.
        both_bad: the same where both are bad, kept as `meta.both_bad`.
        positive: `first` or `second`: the one that a label above 0 prefers, the other one below 0, neither at 0; None
            where the label is one of the values above.
        certain: strength of a label, or difference of two numbers, that makes the target 1; a smaller one makes it
            softer, in proportion. None: every target is 1, 0.5 or 0, and the strength is the margin.
        winner_first: whether the better response is listed as chosen; else both keep the order of the data, so that a
            preference for the one that stands first can be seen.
        meta: further columns to keep where they are there.
        tools: column of the tools that the model may call; may be missing.
        chat_template_kwargs: column of further arguments of the chat template; may be missing.
    """

    prompt: str | list[str] | None
    system: str | None
    first: str
    second: str
    turns: bool
    label: str | list[str]
    first_wins: list[str | int | bool]
    second_wins: list[str | int | bool]
    ties: list[str | int | bool]
    both_bad: list[str | int | bool]
    positive: str | None
    certain: Annotated[float, "> 0"] | None
    winner_first: bool
    meta: list[str]
    tools: str | None
    chat_template_kwargs: str | None

    by_row: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.positive not in (None, *POSITIVE):
            raise ValueError(f"data.format.positive must be null, first or second, got {self.positive}")
        check_ranges(self, "data.format")
        if isinstance(self.label, list) and len(self.label) != 2:
            raise ValueError(f"data.format.label must be one column or two, got {len(self.label)}")

    def __call__(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Outcome]]:
        """Make one pair of each row."""
        return row_by_row(rows, self._pair)

    def _pair(self, content: JsonObject) -> Iterator[Preference]:
        verdict = self._verdict(content)
        prompt, first, second = self._sides(content)
        whole = beside(prompt, content, self.system, self.tools, self.chat_template_kwargs)
        check_no_tie(content, verdict.target)
        kept = extras(content, [column for column in self.meta if has_field(content, column)])
        swap = self.winner_first and preferred_side(verdict.target) == 1
        target, lead = (1 - verdict.target, _negative(verdict.lead)) if swap else (verdict.target, verdict.lead)
        chosen, rejected = (second, first) if swap else (first, second)
        yield Preference(whole, chosen, rejected, target, lead, meta={**kept, **verdict.meta})

    def _sides(self, content: JsonObject) -> tuple[Any, Any, Any]:
        column = self._prompt_column(content)
        prompt = None if column is None else field(content, column)
        first, second = field(content, self.first), field(content, self.second)
        names = (column or "prompt", self.first, self.second)
        if self.turns:
            first, second = (as_turns(prompt, side, names) for side in (first, second))
            prompt = None
        return sided(prompt, first, second, names)

    def _prompt_column(self, content: JsonObject) -> str | None:
        if not isinstance(self.prompt, list):
            return self.prompt
        found = next((column for column in self.prompt if optional_field(content, column) not in (None, "")), None)
        if found is None:
            raise ValueError(
                f"one of {', '.join(f'`{column}`' for column in self.prompt)} must hold the prompt, got none"
            )
        return found

    def _verdict(self, content: JsonObject) -> Verdict:
        if isinstance(self.label, list):
            scores = [number_or_flag(content, column) for column in self.label]
            return self._by_strength(scores[0] - scores[1])
        if self.positive is not None:
            strength = number(content, self.label)
            return self._by_strength(strength if self.positive == "first" else -strength)
        return self._by_name(field(content, self.label))

    def _by_strength(self, lead: float) -> Verdict:
        if self.certain is None:
            return Verdict(0.5 if not lead else float(lead > 0), lead, {})
        share = lead / self.certain
        if abs(share) > 1:
            raise ValueError(f"`{self.label}` must be at most data.format.certain={self.certain:g}, got {abs(lead):g}")
        return Verdict((1 + share) / 2, None, {})

    def _by_name(self, label: Any) -> Verdict:
        values = {1.0: self.first_wins, 0.0: self.second_wins, 0.5: [*self.ties, *self.both_bad]}
        meant = [target for target, names in values.items() if any(_same(label, name) for name in names)]
        if not meant:
            known = ", ".join(str(name) for names in values.values() for name in names)
            raise ValueError(
                f"`{self.label}` must be one of {known}, got {describe(label)} (set data.format.first_wins, "
                "data.format.second_wins or data.format.ties)"
            )
        bad = any(_same(label, name) for name in self.both_bad)
        return Verdict(meant[0], None, {"both_bad": True} if bad else {})


def _same(label: Any, value: Any) -> bool:
    """Whether a label is a value, also where a table has written it as text: `1`, `"1"`, `"1.0"` and `true`.

    >>> _same("1.0", 1), _same(True, 1), _same("a", "A"), _same("a", "b")
    (True, True, True, False)
    """
    return bool(_plain(label) == _plain(value))


def _plain(value: Any) -> Any:
    found = as_number(value)
    if isinstance(found, str):
        word = found.strip().casefold()
        return {"true": 1.0, "false": 0.0}.get(word, word)
    return float(found) if isinstance(found, bool | int) else found


def _negative(lead: float | None) -> float | None:
    return None if lead is None else -lead
