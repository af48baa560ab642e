"""One pair a row, each of its fields in a column of its own."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ClassVar

from rmexp.checked_fields import all_of, optional_id, optional_meta
from rmexp.jsonl import JsonObject, describe, names_in
from rmexp.records import Preference
from rmexp.sources.formats.likely_layout import likely_layout, vote_beside
from rmexp.sources.formats.listed_turns import behind_turns
from rmexp.sources.formats.two_sides import Sided, beside, check_no_tie, is_talk, sided
from rmexp.sources.rows import Outcome, Row, as_number, extras, field, has_field, optional_field, plain, row_by_row

OTHERS = "*"
_NOTHING = (None, "")


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which column holds which field; a dotted path such as `meta.topic` or `outputs.0` reaches inside a column.

    Prompt and responses are texts or messages; where both sides hold whole dialogues and there is no prompt, it is what
    they begin with. The columns of `target`, `margin`, `id` and `meta` may be missing or null where they have the name
    of their field; one that is named otherwise must be there.

    Attributes:
        prompt: text or messages.
        input: a text that is put below the prompt; may be missing.
        system: the system's turn; may be missing.
        history: earlier turns, a list of the user's and the assistant's text each; may be missing.
        chosen: the better response.
        rejected: the other one.
        implicit: whether two texts without a prompt begin with it too, up to the word where they differ.
        target: probability that `chosen` is the better one; a number instead of a column holds for every row.
        margin: how much better it is.
        id: of the pair.
        meta: column with an object, a list of columns, or `*` for all columns not named here.
        tools: column of the tools that the model may call; may be missing.
        chat_template_kwargs: column of further arguments of the chat template; may be missing.
    """

    prompt: str | None
    input: str | None
    system: str | None
    history: str | None
    chosen: str
    rejected: str
    implicit: bool
    target: str | float | None
    margin: str | None
    id: str | None
    meta: str | list[str] | None
    tools: str | None
    chat_template_kwargs: str | None

    by_row: ClassVar[bool] = True

    def __call__(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Outcome]]:
        """Make one pair of each row."""
        return row_by_row(rows, self._pair)

    def _pair(self, content: JsonObject) -> Iterator[Preference]:
        prompt, chosen, rejected = self._plain(content) or self._sides(content)
        if self._listed is not None and (vote := vote_beside(content, self._listed)):
            raise ValueError(
                f"`{self.chosen}` is taken for the better one in every row, though the row seems to say which one won "
                f"(set {' '.join(vote)}; or data.format.target=1 where it is the better one)"
            )
        target, margin, name, meta = self._further(content)
        target = 1.0 if target in _NOTHING else as_number(target)
        if self.target != "target":
            check_no_tie(content, target)
        yield Preference(
            prompt,
            chosen,
            rejected,
            target,
            None if margin in _NOTHING else as_number(margin),
            "" if name in _NOTHING else optional_id({"id": name}),
            optional_meta({"meta": meta}),
        )

    def _plain(self, content: JsonObject) -> Sided | None:
        """What `_sides` gives for a row of three texts with nothing beside them, at a glance; None for another row."""
        columns = self._columns
        prompt, chosen, rejected = content.get(columns[0]), content.get(columns[1]), content.get(columns[2])
        plain = type(prompt) is type(chosen) is type(rejected) is str and self._others.isdisjoint(content)
        return (prompt, chosen, rejected) if plain else None

    @cached_property
    def _columns(self) -> tuple[Any, ...]:
        """Of prompt and responses; None where they cannot be told at a glance, as others are inside of columns."""
        inside = any("." in column for column in self._others)
        return (None, None, None) if inside else (self.prompt, self.chosen, self.rejected)

    @cached_property
    def _listed(self) -> str | None:
        """The column of which the better response stands first and the other one second, where no target is known."""
        column = self.chosen.removesuffix(".0")
        return (
            column
            if (self.chosen, self.rejected) == (f"{column}.0", f"{column}.1") and self.target == "target"
            else None
        )

    @cached_property
    def _others(self) -> frozenset[str]:
        """Columns of what stands beside these."""
        others = (self.input, self.system, self.history, self.tools, self.chat_template_kwargs)
        return frozenset(column for column in others if column is not None)

    def _sides(self, content: JsonObject) -> Sided:
        sides = [optional_field(content, column) for column in (self.chosen, self.rejected)]
        shared = self.implicit or any(map(is_talk, sides))
        names = ("chosen", "rejected") if shared else ("prompt", "chosen", "rejected")
        missing = {name: getattr(self, name) or name for name in names if not has_field(content, getattr(self, name))}
        if missing:
            raise ValueError(
                f"{', '.join(f'`{column}`' for column in missing.values())} {'is' if len(missing) == 1 else 'are'} "
                f"missing; the row has {names_in(content)}; set "
                f"{self._likely(content) or ', '.join(f'data.format.{name}' for name in missing)}, "
                "or choose another data/format"
            )
        columns = (self.prompt or "prompt", self.chosen, self.rejected)
        prompt, before = self._prompt(content), optional_field(content, self.history)
        prompt = prompt if before in (*_NOTHING, []) else behind_turns(before, prompt, (self.history or "", columns[0]))
        prompt, chosen, rejected = sided(prompt, sides[0], sides[1], columns, implicit=self.implicit)
        return beside(prompt, content, self.system, self.tools, self.chat_template_kwargs), chosen, rejected

    def _likely(self, content: JsonObject) -> str:
        """What the names of the columns say has to be set; nothing where they say nothing."""
        names = tuple(content)
        if names not in self._told:
            here = {f"data.format.{name}={getattr(self, name)}" for name in ("prompt", "chosen", "rejected")}
            found = likely_layout(content)
            other = found and found[0].startswith("data/format=")  # which has other names by itself
            self._told[names] = " ".join(override for override in found if other or override not in here)
        return self._told[names]

    @cached_property
    def _told(self) -> dict[tuple[str, ...], str]:
        """The same by the names: many rows may be bad in the same way."""
        return {}

    def _prompt(self, content: JsonObject) -> Any:
        """The prompt, with the text of `input` below it where there is one."""
        prompt, below = optional_field(content, self.prompt), optional_field(content, self.input)
        if below in _NOTHING or self.prompt is None or not has_field(content, self.prompt):
            return prompt
        if not isinstance(below, str) or not isinstance(prompt, str):
            raise ValueError(
                f"`{self.input}` is put below `{self.prompt}`, expected two texts, got {describe(below)} below "
                f"{describe(prompt)} (data.format.input=null leaves it out)"
            )
        return f"{prompt}\n{below}" if prompt else below

    def _further(self, content: JsonObject) -> Sequence[Any]:
        """Target, margin, id and meta."""
        if (self.target, self.margin, self.id) == ("target", "margin", "id"):  # which may be missing
            return content.get("target"), content.get("margin"), content.get("id"), self._meta(content)
        return all_of(
            partial(self._optional, content, "target"),
            partial(self._optional, content, "margin"),
            partial(self._optional, content, "id"),
            partial(self._meta, content),
        )

    def _optional(self, content: JsonObject, name: str) -> Any:
        column = getattr(self, name)
        if not isinstance(column, str):
            return column
        if column == name and column not in content:
            return None
        return field(content, column)

    def _meta(self, content: JsonObject) -> Any:
        if isinstance(self.meta, list):
            return extras(content, self.meta)
        if self.meta != OTHERS:
            meta = self._optional(content, "meta")
            return {} if meta is None else plain(meta)
        fields = (
            "prompt",
            "input",
            "system",
            "history",
            "chosen",
            "rejected",
            "target",
            "margin",
            "id",
            "tools",
            "chat_template_kwargs",
        )
        named = {getattr(self, name) for name in fields}
        rest = {column: plain(value) for column, value in content.items() if column not in named}
        inner = rest.pop("meta", None)
        return rest | (inner if isinstance(inner, dict) else {} if inner is None else {"meta": inner})
