"""A format as its YAML file makes it, applied to rows."""

from collections.abc import Callable
from typing import Any

import pytest

from rmexp.config.build import build
from rmexp.config.compose import compose
from rmexp.sources.rows import Row


@pytest.fixture
def outcomes() -> Callable[..., list[Any]]:
    """What a format of the configuration tree makes of rows."""

    def apply(name: str, rows: list[dict[str, Any]], *overrides: str) -> list[Any]:
        options = ["data=jsonl", "data.path=x", f"data/format={name}", *(f"data.format.{text}" for text in overrides)]
        form = build(compose("train", options).data.format)
        found = (Row("f", number, content) for number, content in enumerate(rows, start=1))
        return [(row.number, outcome) for row, outcome in form(found)]

    return apply


@pytest.fixture
def pairs(outcomes: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """The same where every row is a good one."""
    return lambda *arguments: [outcome for _, outcome in outcomes(*arguments)]


@pytest.fixture
def problem(outcomes: Callable[..., list[Any]]) -> Callable[..., str]:
    """The one error that a format makes of one row."""

    def only(name: str, row: dict[str, Any], *overrides: str) -> str:
        ((_, error),) = outcomes(name, [row], *overrides)
        assert isinstance(error, ValueError)
        return str(error)

    return only
