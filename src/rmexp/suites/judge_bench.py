"""JudgeBench: pairs of one model's right and wrong answers to hard questions.

Source: Tan et al. 2024, "JudgeBench: a benchmark for evaluating LLM-based judges", table 2; reward models are asked
once, since they do not see the order.
"""

from collections.abc import Sequence

from rmexp.records import Record
from rmexp.suites.strict import share_by, strictly_right

CATEGORIES = {
    "Knowledge": "mmlu-pro",
    "Reasoning": "livebench-reasoning",
    "Math": "livebench-math",
    "Coding": "livecodebench",
}


def judge_bench(records: Sequence[Record], scores: Sequence[Sequence[float]]) -> dict[str, float | None]:
    """Accuracy of each category, and `score`, that of all pairs; equal scores are wrong.

    Args:
        records: pairs with `meta.source`, which starts with the name of the data that the question is from.
        scores: of both responses of each.
    """
    right = strictly_right(records, scores)
    found = share_by((_category(str(record.meta.get("source"))) for record in records), right)
    return {"score": float(right.mean()) if len(right) else None, **{name: found.get(name) for name in CATEGORIES}}


def _category(source: str) -> str:
    return next((name for name, start in CATEGORIES.items() if source.startswith(start)), source)
