"""What is said where a model is asked about what it was trained on."""

from collections.abc import Iterator, Sequence

from rmexp.evaluation.figures import Figures
from rmexp.evaluation.slices import TRAINED_ON
from rmexp.reports.drawing.numbers import count, counted, percent
from rmexp.runs.summaries.best_of_n import CandidatePool
from rmexp.runs.summaries.seen import Seen, SeenBy
from rmexp.selection.best_of_n import Curve


def treated_sentence(seen: Seen, records: int, unit: str) -> str | None:
    """For a verb that treats every record and marks it; None where nothing was seen.

    Args:
        seen: of the records.
        records: of the set.
        unit: what they are, such as `pair`.
    """
    said = seen_sentence(seen, records, unit)
    return said and f"{said.removesuffix('.')}: `trained_on` says so in each row."


def seen_sentence(seen: Seen, records: int, unit: str) -> str | None:
    """What of a set the model had seen; None where it was nothing. Arguments as for `treated_sentence`."""
    found = _parts(seen)
    return f"Of {counted(records, unit)} the model was {' and '.join(found)}." if found else None


def filtered_sentence(seen: Seen, unit: str) -> str | None:
    """For a filter, which treats every record too; None where nothing was trained on.

    Args:
        seen: of the records.
        unit: what is kept or dropped, `pair` or `response`.
    """
    found = _parts(seen)
    if not found:
        return None
    agrees = " A model tends to agree with the labels that it has learnt, wrong ones too." if seen.pairs else ""
    records = "pairs" if unit == "pair" else "lists"
    return f"The model was {' and '.join(found)} of these {records}: `trained_on` says so in each row.{agrees}"


def apart_sentences(seen: Sequence[SeenBy], figures: Sequence[Figures]) -> Iterator[str]:
    """For figures of one set: what of it the models had seen, and what was made of that; none where nothing was seen.

    Args:
        seen: by each scorer.
        figures: of each scorer and rule, on all slices.
    """
    whole = next(one for one in figures if one.slice is None)
    left, unit = whole.n + whole.unscored, whole.records
    if trained := [one for one in seen if one.seen.pairs]:
        right = {one.scorer: one.accuracy.value for one in figures if one.slice == TRAINED_ON}
        said = [f"on {count(one.seen.pairs)} ({percent(right.get(one.scorer))} right there)" for one in trained]
        said[0] = said[0].replace(" (", f" of these {count(left + whole.left_out)} {unit} (", 1)
        who = ", ".join(f"{one.scorer} {text}" for one, text in zip(trained[1:], said[1:], strict=True))
        first = f"{trained[0].scorer} was trained {said[0]}"
        yield f"{', '.join(filter(None, (first, who)))}{_consequence(left, seen)}"
    for one in seen:
        if one.seen.validated_on:
            number = count(one.seen.validated_on)
            chose = "these are counted, and may have chosen its step"
            yield f"{one.scorer} was validated with {number} of the {unit}; {chose}."
        if one.seen.prompts_trained_on:
            number = count(one.seen.prompts_trained_on)
            yield f"{one.scorer} was trained on the prompts of {number} of the {unit}; these are counted."


def _consequence(left: int, seen: Sequence[SeenBy]) -> str:
    """What the headline figures are of, where some of the set was trained on."""
    if any(one.kept for one in seen):
        return ", and these are counted (data.trained_on=keep): the figures say little of other data."
    keep = "data.trained_on=keep counts them"
    if not left:
        return f": nothing unseen is left, so that there are no figures but of the slice `trained on` ({keep})."
    each = " of every scorer" if len(seen) > 1 else ""
    return f": the figures{each} are of the other {count(left)}, and the slice `trained on` has these ({keep})."


def pool_sentences(about: CandidatePool, curve: Curve) -> Iterator[str]:
    """For best-of-n: which prompts the curve leaves out, and which ones were trained on.

    Args:
        about: the pool.
        curve: over n.
    """
    trained, keep = about.seen.pairs, "data.trained_on=keep counts them"
    if trained:
        who = f"The scorer's model was trained on pairs of the candidates of {counted(trained, 'prompt')}"
        if about.trained_on_kept:
            yield f"{who}, and these are counted (data.trained_on=keep): the curve says little of other prompts."
        elif curve.points:
            yield f"{who}: the curve is of the other {count(curve.prompts)}, the part `trained on` of these ({keep})."
        else:
            yield f"{who}: nothing unseen is left, so that there is no curve but of the part `trained on` ({keep})."
    for number, model in ((about.seen.prompts_trained_on, "scorer's model"), (about.policy_prompts, "policy")):
        if number:
            yield f"The {model} was trained on {count(number)} of these prompts; they are counted."


def _parts(seen: Seen) -> list[str]:
    parts = [f"trained on {count(seen.pairs)}"] if seen.pairs else []
    parts += [f"validated with {count(seen.validated_on)}"] if seen.validated_on else []
    return parts + ([f"trained on the prompts of {count(seen.prompts_trained_on)}"] if seen.prompts_trained_on else [])
