"""Scorers that are one method trained with several seeds, method by method, and the methods against each other."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from rmexp.statistics.seeds import over_seeds, seed_difference

FIGURES = ("accuracy", "nll")


def seed_rows(results: Sequence[Mapping[str, Any]], groups: Any, scorers: Sequence[str]) -> list[dict[str, Any]]:
    """Mean and spread of each method, and the test of each two, on every slice and for every figure.

    Args:
        results: rows of figures, by scorer, data, split and slice.
        groups: names of the scorers of each method.
        scorers: that there are.

    Raises:
        ValueError: a group names no scorers, or one that there is not.
    """
    check_groups(groups, scorers)
    places: dict[tuple[Any, ...], dict[str, Mapping[str, Any]]] = {}
    for row in results:
        places.setdefault((row["data"], row["split"], row["slice"]), {})[row["scorer"]] = row
    rows = []
    for (data, split, slice_name), by_scorer in places.items():
        where = {"data": data, "split": split, "slice": slice_name}
        for figure in FIGURES:
            found = {group: [by_scorer[name].get(figure) for name in names] for group, names in groups.items()}
            known: dict[str, list[Any]] = {group: values for group, values in found.items() if None not in values}
            for group, values in known.items():
                method = {"method": group, "against": None, "scorers": groups[group]}
                rows.append({**where, "figure": figure, **method, **over_seeds(values).to_row()})
            for first, second in combinations(known, 2):
                difference = seed_difference(known[first], known[second]).to_row()
                rows.append({**where, "figure": figure, "method": first, "against": second, **difference})
    return rows


def check_groups(groups: Any, scorers: Sequence[str]) -> None:
    """Refuse groups that are no lists of names of scorers.

    Raises:
        ValueError: naming group and scorers.
    """
    for group, names in groups.items():
        if not isinstance(names, list) or not names:
            raise ValueError(f"seeds.{group} must be a list of names of scorers, got {names}")
        unknown = [name for name in names if name not in scorers]
        if unknown:
            raise ValueError(
                f"seeds.{group} names {', '.join(map(str, unknown))}, but the scorers are {', '.join(scorers)}"
            )
