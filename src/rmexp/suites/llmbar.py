"""LLMBar: does a response follow the instruction, or does it only look good?

Source: Zeng et al. 2023, "Evaluating large language models at evaluating instruction following", table 2.
"""

from collections.abc import Sequence

from rmexp.records import Record
from rmexp.suites.strict import mean_of, share_by, strictly_right

ADVERSARIAL = ("Neighbor", "GPTInst", "GPTOut", "Manual")


def llmbar(records: Sequence[Record], scores: Sequence[Sequence[float]]) -> dict[str, float | None]:
    """Accuracy of each subset, the mean of the four adversarial ones, and `score`, the mean of all five.

    Equal scores are wrong; what is in no subset of LLMBar itself is left out.

    Args:
        records: pairs whose `meta.folder` or `meta.subset` ends with `Natural` or `Adversarial/` and one of the four.
        scores: of both responses of each.
    """
    found = share_by((_subset(record) for record in records), strictly_right(records, scores))
    figures: dict[str, float | None] = {name: found.get(name) for name in ("Natural", *ADVERSARIAL)}
    return {"score": mean_of(figures, figures), "Adversarial": mean_of(figures, ADVERSARIAL), **figures}


def _subset(record: Record) -> str:
    name = str(record.meta.get("folder") or record.meta.get("subset"))
    kind, _, subset = name.rpartition("/")
    known = subset == "Natural" or (kind.endswith("Adversarial") and subset in ADVERSARIAL)
    return subset if known else f"other: {name}"
