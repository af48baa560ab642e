"""The sentences of an evaluation: what its figures allow to be said, and what they do not."""

from collections.abc import Iterator, Sequence
from math import log

from rmexp.evaluation.figures import Figures
from rmexp.evaluation.measures.calibration import Calibration
from rmexp.evaluation.paired import Paired
from rmexp.reports.drawing.numbers import MINUS, MISSING, count, number, p_value, percent
from rmexp.runs.summaries.seed_groups import MethodFigure
from rmexp.statistics.shares import Share

SLICES = {
    "length=matched": "the half of like length",
    "length=shorter_chosen": "the shorter response is better",
    "length=longer_chosen": "the longer response is better",
}


def slice_name(name: str) -> str:
    """A slice in words, or as its field has it."""
    return SLICES.get(name, name)


def conclusions(
    figures: Sequence[Figures], comparisons: Sequence[Paired], seeds: Sequence[MethodFigure] = ()
) -> Iterator[str]:
    """One sentence for each thing that a reader should take from the figures of one set.

    Args:
        figures: of each scorer and rule, on all slices.
        comparisons: of each two scorers, on all slices.
        seeds: of methods that several scorers are seeds of; their first seed alone is spoken of by itself.
    """
    whole = [one for one in figures if one.slice is None and one.accuracy.value is not None]
    scorers = [one for one in whole if not one.rule]
    if not scorers:
        if not any(one.left_out for one in figures):
            yield "No pair here has a preference and a score, so there is nothing to be right about."
        return
    two = [one for one in comparisons if one.slice is None and one.difference.value is not None]
    rules = [one for one in whole if one.rule]
    best = max(scorers, key=_accuracy)
    yield from _best(best, _unbeaten(best, rules, two))
    yield from (_unscored(one) for one in scorers if one.unscored)
    yield from _over_seeds(seeds)
    methods = _methods(seeds).values()
    later = {name for names in methods for name in names[1:]}
    spoken = [scorer for scorer in scorers if scorer.scorer not in later]
    named, of_methods = {scorer.scorer for scorer in spoken}, {names[0] for names in methods}
    pairs = [one for one in two if {one.first, one.second} <= named]
    yield from (_apart(one) for one in pairs if not {one.first, one.second} <= of_methods)
    for scorer in spoken:
        if scorer is not best and (unbeaten := _unbeaten(scorer, rules, two)):
            yield f"{scorer.scorer} {unbeaten}."
        yield from _about_length(scorer, [one for one in figures if one.scorer == scorer.scorer])
        yield from _about_probabilities(scorer)


def comparisons_to_show(rows: Sequence[Paired], scorers: Sequence[str], seeds: Sequence[MethodFigure]) -> list[Paired]:
    """Comparisons on the whole set, and between scorers those on slices; none between two seeds of one method."""
    methods = _methods(seeds).values()
    return [
        row
        for row in rows
        if (row.slice is None or row.second in scorers)
        and not any(row.first in names and row.second in names for names in methods)
    ]


def _accuracy(one: Figures) -> float:
    return one.accuracy.value or 0.0


def _best(best: Figures, unbeaten: str) -> Iterator[str]:
    found, but = best.accuracy, f", but {unbeaten}" if unbeaten else ""
    yield f"{best.scorer} is right on {percent(found.value)}{_bounds(found)} of {found.n:,} {best.records}{but}."
    if found.few:
        rarer = "wrong" if _accuracy(best) > 0.5 else "right"
        yield (
            f"Few of the {best.clusters} prompts or groups here can be expected to be {rarer}: the interval is a rough "
            "one."
        )
    if best.ceiling is not None and best.ceiling.bayes_accuracy is not None:
        yield (
            f"No scorer can expect more than {percent(best.ceiling.bayes_accuracy)} here: the true probabilities are "
            f"known (least log-loss {number(best.ceiling.bayes_nll)})."
        )


def _unscored(one: Figures) -> str:
    without = f"{one.scorer}: no score for {count(one.unscored)} of the {one.records}"
    return f"{without}; figures are of the other {count(one.n)}."


def _methods(seeds: Sequence[MethodFigure]) -> dict[str, Sequence[str]]:
    return {row.method: row.scorers for row in seeds if row.scorers is not None}


def _over_seeds(seeds: Sequence[MethodFigure]) -> Iterator[str]:
    found = [row for row in seeds if row.slice is None and row.figure == "accuracy"]
    for row in found:
        if (over := row.seeds) is not None:
            spread = "" if over.sd is None else f" (standard deviation {points(over.sd)})"
            yield f"{row.method} is right on {percent(over.mean)} over {over.n} seeds{spread}."
    for row in found:
        if (welch := row.welch) is not None and welch.p is not None and welch.low is not None:
            test = f"{_interval(welch.low, welch.high)}, Welch p {p_value(welch.p)}"
            how = (
                f"{row.method} is {'better' if welch.difference > 0 else 'worse'} than {row.against} by"
                if welch.p < 0.05
                else f"{row.method} and {row.against} cannot be told apart: the difference is"
            )
            yield f"Over seeds {how} {points(welch.difference)}{test}."


def _bounds(share: Share) -> str:
    few = ", few" if share.few else ""
    return "" if share.low is None or share.high is None else f" [{percent(share.low)}, {percent(share.high)}{few}]"


def _apart(one: Paired) -> str:
    first, second, found = one.first, one.second, one.difference
    if found.low is None or found.high is None or found.p is None or found.value is None:
        return (
            f"The difference of {first} and {second} is {points(found.value)}; too few prompts tell them apart for an "
            "interval or a test."
        )
    p = f"p {p_value(found.p)}"
    if found.low <= 0 <= found.high:
        return (
            f"{first} and {second} cannot be told apart by these pairs: the difference is {points(found.value)}"
            f"{_interval(found.low, found.high)}, {p}."
        )
    better, worse = (first, second) if found.value > 0 else (second, first)
    low, high = sorted((abs(found.low), abs(found.high)))  # both on one side of 0
    return f"{better} is better than {worse} by {points(abs(found.value))}{_interval(low, high)}, {p}."


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" [{points(low)}, {points(high)}]"


def points(difference: float | None) -> str:
    """A difference of two shares.

    >>> points(-0.0312), points(-0.0001), points(None)
    ('−3.1 points', '0.0 points', '–')
    """
    return MISSING if difference is None else f"{round(100 * difference, 1) + 0.0:.1f} points".replace("-", MINUS)


def _unbeaten(scorer: Figures, rules: Sequence[Figures], whole: Sequence[Paired]) -> str:
    """What is said of a scorer and the best rule that it does not beat; nothing where it beats them all."""
    found = {one.second: one.difference for one in whole if one.first == scorer.scorer}
    left = [one for one in rules if one.scorer in found and (found[one.scorer].low or 0.0) <= 0]
    if not left:
        return ""
    fewer = any(one.n > scorer.n for one in left)  # a rule scores what is too long for the scorer, too
    shares = {
        one.scorer: _accuracy(scorer) - (found[one.scorer].value or 0.0) if fewer else _accuracy(one) for one in left
    }
    best = max(shares, key=shares.__getitem__)
    high = found[best].high
    how = "does worse than" if high is not None and high < 0 else "is not shown to beat"
    gets = f"{percent(shares[best])}{' of these' if fewer else ''}"
    return f"{how} the rule `{best}`, which knows nothing of content and gets {gets}"


def _about_length(scorer: Figures, slices: Sequence[Figures]) -> Iterator[str]:
    shares = {one.slice: one.accuracy.value for one in slices}
    shorter, longer = shares.get("length=shorter_chosen"), shares.get("length=longer_chosen")
    slope = (scorer.slopes or {}).get("length")
    if shorter is None or longer is None:
        return
    sentence = (
        f"{scorer.scorer} gets {percent(longer)} where the longer response is the better one and "
        f"{percent(shorter)} where the shorter one is"
    )
    if slope and slope.low is not None and slope.high is not None and not slope.low <= 0 <= slope.high:
        way = "pays" if slope.value > 0 else "takes off"
        sentence += (
            f"; label aside it {way} {number(abs(slope.relative))} standard deviations of its margin for each "
            "doubling of the length"
        )
    yield sentence + "."


def _about_probabilities(scorer: Figures) -> Iterator[str]:
    found = scorer.probabilities
    if found is None or found.nll.value is None:
        return
    z, p = found.calibration.calibration_z, found.calibration.calibration_p
    if found.nll.low is not None and found.nll.low > log(2):
        yield (
            f"As probabilities the margins of {scorer.scorer} are worse than a coin's: log-loss "
            f"{number(found.nll.value)} against ln 2 = 0.693{_rescaled(found.calibration)}."
        )
    elif z is not None and p is not None and p < 0.05:
        way = "overconfident" if z > 0 else "underconfident"
        error = percent(found.calibration.ece)
        yield f"The margins of {scorer.scorer} are {way} (calibration error {error}){_rescaled(found.calibration)}."


def _rescaled(found: Calibration) -> str:
    if found.temperature is None:
        return ""
    return f"; divided by {number(found.temperature)} they would have a log-loss of {number(found.nll_at_temperature)}"
