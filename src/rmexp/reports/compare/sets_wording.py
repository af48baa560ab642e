"""The sentences about sets of pairs in a comparison: shifts, calibration, progress, flips."""

from collections.abc import Sequence

from rmexp.comparison.progress import ProgressPoint
from rmexp.evaluation.figures import Figures
from rmexp.reports.compare.content import ComparedSet, CompareReport
from rmexp.reports.drawing.numbers import count, counted, decimals, number, percent
from rmexp.statistics.multiple_tests import holm

_WHAT = {
    "layout": "lines and indents changed",
    "wording": "some words changed",
    "lower_case": "in lower case",
}
_ADVANTAGE = 0.05  # p-value below which a difference is taken for one


def kind(one: ComparedSet) -> str:
    """What the pairs of a set are."""
    if one.kind == "tokens":
        return f"{one.split}, {_WHAT.get(one.name, one.name)} ({count(one.pairs)} of {count(one.looked_at)} change)"
    return "held out" if one.kind == "held_out" else f"other data ({one.split})"


def shifts_sentence(sets: Sequence[ComparedSet]) -> str:
    """Which of the two is better where, as far as chance allows to say, adjusted for the number of sets."""
    better: dict[str, list[str]] = {"explicit": [], "implicit": [], "neither": []}
    p_values = holm([1.0 if (p := one.slices[0].paired.difference.p) is None else p for one in sets])
    for one, p in zip(sets, p_values, strict=True):
        difference = one.slices[0].paired.difference.value or 0.0
        sure = p < _ADVANTAGE and difference
        better["neither" if not sure else "explicit" if difference > 0 else "implicit"].append(one.name)
    parts = [
        f"the {reward} reward is right more often on {', '.join(names)}"
        for reward, names in better.items()
        if names and reward != "neither"
    ]
    if better["neither"]:
        parts.append(f"on {', '.join(better['neither'])} the difference is not told from chance")
    text = "; ".join(parts)
    adjusted = " (p-values adjusted for the number of sets, Holm)" if len(sets) > 1 else ""
    return f"{text[:1].upper()}{text[1:]}{adjusted}."


def scale_sentence(report: CompareReport) -> str:
    """Where zero lies for either reward."""
    scale = report.scale
    if scale is None or scale.mean is None:
        explicit = "The reward model does not say where its rewards lie on its training split."
    else:
        explicit = (
            f"On its training split the explicit reward has mean {number(scale.mean)} and standard deviation "
            f"{number(scale.sd)}: the scorer centred takes the mean off, which no margin feels."
        )
    reduction = "sum" if scale is None or scale.reduction == "response_sum" else "mean"
    implicit = (
        f"The implicit reward is the {reduction} of log-ratios times \N{GREEK SMALL LETTER BETA}, 0 before training."
    )
    return f"{explicit} {implicit}"


def temperature_sentence(report: CompareReport) -> str:
    """What the temperatures of the first set say."""
    whole = report.sets[0].slices[0]
    explicit, implicit = whole.temperatures
    said = [
        f"{name} margins are {_confidence(figures, value)} on {report.sets[0].name} (T = {number(value)})"
        for name, value, figures in (("explicit", explicit, whole.explicit), ("implicit", implicit, whole.implicit))
        if value is not None
    ]
    missing = [name for name, value in (("explicit", explicit), ("implicit", implicit)) if value is None]
    if implicit is not None:
        said.append(
            f"a \N{GREEK SMALL LETTER BETA} of {number(report.facts.beta / implicit)} would calibrate the implicit one"
        )
    if missing:
        said.append(
            f"no temperature is best for {' and '.join(missing)} margins, for they order every pair as labelled or "
            "no more than by chance"
        )
    text = "; ".join(said)
    return f"{text[:1].upper()}{text[1:]}."


def _confidence(figures: Figures, temperature: float) -> str:
    """What a temperature tells of margins: nothing where they are not told from calibrated ones."""
    found = figures.probabilities
    p = None if found is None else found.calibration.calibration_p
    if p is None or p >= _ADVANTAGE:
        return "not told from calibrated ones"
    return f"{'over' if temperature > 1 else 'under'}confident"


def progress_sentence(points: Sequence[ProgressPoint]) -> str:
    """Agreement at the first and at the last validation."""
    first, last = points[0], points[-1]
    return (
        f"At {percent(first.progress)} of the training both put the same response first on {percent(first.same_order)} "
        f"of the validation pairs (Spearman of the margins {decimals(first.spearman_margin)}), at the end on "
        f"{percent(last.same_order)} ({decimals(last.spearman_margin)})."
    )


def flips_sentence(one: ComparedSet) -> str:
    """How often the order flips, and on what kind of pair most."""
    whole, *kinds = one.flips
    flipped = round((whole.flipped.value or 0) * whole.flipped.n)
    if not flipped:
        return f"On none of {counted(whole.flipped.n, 'pair')} do the two reductions disagree."
    most = max(kinds, key=lambda row: row.flipped.value or 0)
    return (
        f"The two order {count(flipped)} of {counted(whole.flipped.n, 'pair')} in opposite ways "
        f"({percent(whole.flipped.value)}), most often: {most.kind} ({percent(most.flipped.value)}). "
        "On the flipped pairs the sum is right in "
        f"{percent(whole.sum_right.value)} of cases, the mean in the others."
    )
