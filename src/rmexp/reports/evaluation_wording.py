"""The sentences of an evaluation: what its figures allow to be said, and what they do not."""

from collections.abc import Iterator, Mapping, Sequence
from math import log
from typing import Any

from rmexp.reports.numbers import MINUS, MISSING, number, p_value, percent

Row = Mapping[str, Any]

FEW_CLUSTERS = 30  # below it the bootstrap of whole clusters covers too little

SLICES = {
    "length=matched": "the half of like length",
    "length=shorter_chosen": "the shorter response is better",
    "length=longer_chosen": "the longer response is better",
}


def slice_name(name: str) -> str:
    """A slice in words, or as its field has it."""
    return SLICES.get(name, name)


def conclusions(
    rows: Sequence[Row], slices: Sequence[Row], comparisons: Sequence[Row], seeds: Sequence[Row] = ()
) -> Iterator[str]:
    """One sentence for each thing that a reader should take from the figures of one set.

    Args:
        rows: over the whole set, one a scorer or rule.
        slices: over its parts.
        comparisons: of each two scorers, on all slices.
        seeds: of methods that several scorers are seeds of; their first seed alone is spoken of by itself.
    """
    scorers = [row for row in rows if not row["baseline"] and row["accuracy"] is not None]
    if not scorers:
        yield "No pair here has a preference, so there is nothing to be right about."
        return
    best = max(scorers, key=lambda row: row["accuracy"])
    what = f"{best['n'] - best.get('label_ties', 0):,} {best['records']}"
    yield f"{best['scorer']} is right on {percent(best['accuracy'])}{_bounds(best)} of {what}."
    if best.get("clusters", FEW_CLUSTERS) < FEW_CLUSTERS:
        yield (
            f"Only {best['clusters']} prompts or groups are independent of each other here: the intervals are rough, "
            "and rather too narrow."
        )
    if best.get("bayes_accuracy") is not None:
        yield (
            f"No scorer can expect more than {percent(best['bayes_accuracy'])} here: the true probabilities are known "
            f"(least log-loss {number(best['bayes_nll'])})."
        )
    yield from _over_seeds(seeds)
    whole = [row for row in comparisons if row["slice"] is None and row["difference"] is not None]
    methods = _methods(seeds).values()
    later = {name for names in methods for name in names[1:]}
    spoken = [scorer for scorer in scorers if scorer["scorer"] not in later]
    named, of_methods = {scorer["scorer"] for scorer in spoken}, {names[0] for names in methods}
    pairs = [row for row in whole if {row["first"], row["second"]} <= named]
    yield from (_apart(row) for row in pairs if not {row["first"], row["second"]} <= of_methods)
    rules = {row["scorer"]: row for row in rows if row["baseline"] and row["accuracy"] is not None}
    for scorer in spoken:
        yield from _against_rules(scorer, rules, whole)
        yield from _about_length(scorer, slices)
        yield from _about_probabilities(scorer)


def comparisons_to_show(rows: Sequence[Row], scorers: Sequence[str], seeds: Sequence[Row]) -> list[Row]:
    """Rows of the whole set, and between scorers those of slices; none between two seeds of one method."""
    methods = _methods(seeds).values()
    return [
        row
        for row in rows
        if (row["slice"] is None or row["second"] in scorers)
        and not any(row["first"] in names and row["second"] in names for names in methods)
    ]


def _methods(seeds: Sequence[Row]) -> dict[str, Sequence[str]]:
    return {row["method"]: row["scorers"] for row in seeds if row["against"] is None}


def _over_seeds(seeds: Sequence[Row]) -> Iterator[str]:
    found = [row for row in seeds if row["slice"] is None and row["figure"] == "accuracy"]
    methods = {row["method"]: row for row in found if row["against"] is None}
    for row in methods.values():
        spread = "" if row["sd"] is None else f" (standard deviation {points(row['sd'])})"
        yield f"{row['method']} is right on {percent(row['mean'])} over {row['n']} seeds{spread}."
    for row in found:
        if row["against"] is not None and row["p"] is not None:
            test = f"{_interval(row['low'], row['high'])}, Welch p {p_value(row['p'])}"
            first, second, told = row["method"], row["against"], row["p"] < 0.05
            how = (
                f"{first} is {'better' if row['difference'] > 0 else 'worse'} than {second} by"
                if told
                else (f"{first} and {second} cannot be told apart: the difference is")
            )
            yield f"Over seeds {how} {points(row['difference'])}{test}."


def _bounds(row: Row) -> str:
    low, high = bounds(row)
    return "" if low is None else f" [{percent(low)}, {percent(high)}]"


def bounds(row: Row) -> tuple[float | None, float | None]:
    """The interval of an accuracy that is shown: of whole clusters, or Wilson's where these say nothing."""
    low, high = row.get("accuracy_bootstrap_low"), row.get("accuracy_bootstrap_high")
    return (row["accuracy_low"], row["accuracy_high"]) if low is None else (low, high)


def _apart(row: Row) -> str:
    first, second = row["first"], row["second"]
    if row["difference_low"] is None:
        return (
            f"The difference of {first} and {second} is {points(row['difference'])}; too little here is independent to "
            "tell whether others would differ by it too."
        )
    if row["difference_low"] <= 0 <= row["difference_high"]:
        return (
            f"{first} and {second} cannot be told apart by these pairs: the difference is {points(row['difference'])}"
            f"{_interval(row['difference_low'], row['difference_high'])}, McNemar p {p_value(row['mcnemar_p'])}."
        )
    better, worse = (first, second) if row["difference"] > 0 else (second, first)
    low, high = sorted(abs(row[f"difference_{end}"]) for end in ("low", "high"))  # both on one side of 0
    return (
        f"{better} is better than {worse} by {points(abs(row['difference']))}{_interval(low, high)}, "
        f"McNemar p {p_value(row['mcnemar_p'])}."
    )


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" [{points(low)}, {points(high)}]"


def points(difference: float | None) -> str:
    """A difference of two shares.

    >>> points(-0.0312), points(None)
    ('−3.1 points', '–')
    """
    return MISSING if difference is None else f"{100 * difference:.1f} points".replace("-", MINUS)


def _against_rules(scorer: Row, rules: Mapping[str, Row], whole: Sequence[Row]) -> Iterator[str]:
    if not rules:
        return
    best = max(rules.values(), key=lambda row: row["accuracy"])
    found = [row for row in whole if (row["first"], row["second"]) == (scorer["scorer"], best["scorer"])]
    if found and (found[0]["difference_low"] is None or found[0]["difference_low"] <= 0):
        high = found[0].get("difference_high")
        how = "does worse than" if high is not None and high < 0 else "is not shown to beat"
        yield (
            f"{scorer['scorer']} {how} the rule `{best['scorer']}`, which knows nothing of content and "
            f"gets {percent(best['accuracy'])}."
        )


def _about_length(scorer: Row, slices: Sequence[Row]) -> Iterator[str]:
    parts = {row["slice"]: row for row in slices if row["scorer"] == scorer["scorer"]}
    shorter, longer = parts.get("length=shorter_chosen"), parts.get("length=longer_chosen")
    slope = (scorer.get("slopes") or {}).get("length")
    if shorter and longer and shorter["accuracy"] is not None and longer["accuracy"] is not None:
        sentence = (
            f"{scorer['scorer']} gets {percent(longer['accuracy'])} where the longer response is the better one and "
            f"{percent(shorter['accuracy'])} where the shorter one is"
        )
        if slope and slope["low"] is not None and not slope["low"] <= 0 <= slope["high"]:
            way = "pays" if slope["value"] > 0 else "takes off"
            sentence += (
                f"; label aside it {way} {number(abs(slope['relative']))} standard deviations of its margin for each "
                "doubling of the length"
            )
        yield sentence + "."


def _about_probabilities(scorer: Row) -> Iterator[str]:
    if scorer.get("nll") is None:
        return
    if scorer["nll"] > log(2):
        yield (
            f"As probabilities the margins of {scorer['scorer']} are worse than a coin's: log-loss "
            f"{number(scorer['nll'])} against ln 2 = 0.693{_rescaled(scorer)}."
        )
    elif scorer["calibration_p"] is not None and scorer["calibration_p"] < 0.05:
        way = "overconfident" if scorer["calibration_z"] > 0 else "underconfident"
        error = percent(scorer["ece"])
        yield f"The margins of {scorer['scorer']} are {way} (calibration error {error}){_rescaled(scorer)}."


def _rescaled(scorer: Row) -> str:
    if scorer["temperature"] is None:
        return ""
    return (
        f"; divided by {number(scorer['temperature'])} they would have a log-loss of "
        f"{number(scorer['nll_at_temperature'])}"
    )
