"""What is said where a model is asked about what it was trained on."""

from rmexp.reports.drawing.numbers import count, counted
from rmexp.runs.summaries.seen import Seen


def treated_sentence(seen: Seen, records: int, unit: str) -> str | None:
    """For a verb that treats every record and marks it; None where nothing was seen.

    Args:
        seen: of the records.
        records: of the set.
        unit: what they are, such as `pair`.
    """
    found = _parts(seen)
    if not found:
        return None
    return f"Of {counted(records, unit)} the model was {' and '.join(found)}: `trained_on` says so in each row."


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


def _parts(seen: Seen) -> list[str]:
    parts = [f"trained on {count(seen.pairs)}"] if seen.pairs else []
    parts += [f"validated with {count(seen.validated_on)}"] if seen.validated_on else []
    return parts + ([f"trained on the prompts of {count(seen.prompts_trained_on)}"] if seen.prompts_trained_on else [])
