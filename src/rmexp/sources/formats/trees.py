"""Trees of messages where the answers to one message are ranked.

Source: Köpf et al. 2023, "OpenAssistant conversations: democratizing large language model alignment".
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rmexp.checked_fields import check_text
from rmexp.jsonl import JsonObject, describe
from rmexp.records import Message
from rmexp.sources.formats.pairing import Candidate, Pairing
from rmexp.sources.rows import LeftOut, Outcome, Row, extras, has_field

_ROLES = {"prompter": "user", "assistant": "assistant", "system": "system"}
Children = Mapping[Any, list[tuple[Row, JsonObject]]]


@dataclass(frozen=True, kw_only=True)
class Trees:
    """Rows with a tree under `prompt`, or one message each with `message_id`, `parent_id`, `text`, `role`, `rank`.

    The lowest rank is the best. Answers without a rank are left out and counted; the prompt of a pair is all that was
    said before it.

    Attributes:
        meta: further columns to keep where they are there.
        pairing: which pairs are made.
    """

    meta: list[str]
    pairing: Pairing

    def __call__(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Outcome]]:
        """Make pairs of each tree, message by message; a tree may stand in any order of rows."""
        children: dict[Any, list[tuple[Row, JsonObject]]] = defaultdict(list)
        known: dict[Any, JsonObject] = {}
        for row in rows:
            if isinstance(root := row.content.get("prompt"), Mapping):
                yield from self._walk(row, root, (), row.content)
            elif {"message_id", "parent_id", "text", "role"} <= row.content.keys():
                if (told := _unfit(row.content, known)) is not None:
                    yield row, told
                    continue
                children[row.content["parent_id"]].append((row, row.content))
                known[row.content["message_id"]] = row.content
            else:
                yield row, ValueError(f"expected a tree of messages, or a message, got {', '.join(row.content)}")
        roots = [parent for parent in children if parent not in known]
        for parent in roots:
            for row, root in children[parent]:
                yield from self._walk(row, _nested(root, children), (), root)
        for row in _without_root(children, roots):
            yield row, ValueError("`parent_id` leads from parent to parent back to where it began")

    def _walk(
        self, row: Row, node: JsonObject, before: tuple[Message, ...], content: JsonObject
    ) -> Iterator[tuple[Row, Outcome]]:
        """The pairs of the answers to a message, and of those further down."""
        try:
            turns = (*before, _message(node))
        except ValueError as error:
            yield row, error
            return
        replies = [reply for reply in node.get("replies") or [] if isinstance(reply, Mapping)]
        answers = [reply for reply in replies if reply.get("role") == "assistant"]
        ranked = [reply for reply in answers if _is_rank(reply.get("rank"))]
        if len(answers) > 1:
            for _ in range(len(answers) - len(ranked)):
                yield row, LeftOut("answers without a rank")
        if len(ranked) > 1:
            candidates = [Candidate(reply.get("text", ""), -float(reply["rank"]), None) for reply in ranked]
            meta = extras(content, [column for column in self.meta if has_field(content, column)])
            group = str(content.get("message_tree_id") or "") or None
            for outcome in self.pairing.of(turns, candidates, meta, group=group):
                yield row, outcome
        for reply in replies:
            yield from self._walk(row, reply, turns, content)


def _unfit(message: JsonObject, known: Mapping[Any, JsonObject]) -> ValueError | LeftOut | None:
    """Why a message cannot stand in a tree with those before it; None where it can."""
    for name in ("message_id", "parent_id"):
        if not isinstance(found := message[name], str | int) and (name, found) != ("parent_id", None):
            return ValueError(f"`{name}` must be a text or a number, got {describe(found)}")
    own = message["message_id"]
    if own not in known:
        return None
    return LeftOut("repeated messages") if known[own] == message else ValueError(f"two messages have the id {own}")


def _without_root(children: Children, roots: Iterable[Any]) -> Iterator[Row]:
    """The messages that are below no root, in the order of the rows of each parent."""
    left, below = dict(children), [*roots]
    while below:
        below += [node["message_id"] for _, node in left.pop(below.pop(), [])]
    return (row for rows in left.values() for row, _ in rows)


def _nested(node: JsonObject, children: Children) -> dict[str, Any]:
    """A message with its answers inside it, as whole trees have them."""
    return {**node, "replies": [_nested(child, children) for _, child in children.get(node["message_id"], [])]}


def _message(node: JsonObject) -> Message:
    check_text("text", node.get("text"))
    role = node.get("role")
    if role not in _ROLES:
        raise ValueError(f"`role` must be one of {', '.join(_ROLES)}, got {describe(role)}")
    return Message(_ROLES[str(role)], node["text"])


def _is_rank(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value
