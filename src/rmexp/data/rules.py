"""Rules that know nothing of content: what a reward model must beat, each of them defined here alone.

A rule gives a response to a prompt a number; the response with the larger one is its choice.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from rmexp.data.text_measures import is_json, list_items, markdown_marks, prompt_overlap
from rmexp.records import Record, prompt_text

Measure = Callable[[str, str], float]  # of a prompt and a response

RANDOM = "random"
RULES: Mapping[str, Measure] = {
    "longer": lambda _, response: len(response),
    "shorter": lambda _, response: -len(response),
    "list_items": lambda _, response: list_items(response),
    "markdown": lambda _, response: markdown_marks(response),
    "prompt_overlap": prompt_overlap,
    "json": lambda _, response: is_json(response),
}
LEARNT = ("first_token", "bag_of_words", "bag_of_words_length")  # features with weights, which need labelled pairs
KINDS = (*RULES, RANDOM, *LEARNT)


def rule(kind: str, seed: int) -> Measure:
    """What a rule says of a prompt and a response.

    Args:
        kind: a key of `RULES`, or `random`.
        seed: of `random`: equal texts get equal numbers, in whatever order and company.

    >>> rule("longer", 0)("Say yes.", "yes")
    3
    """
    return partial(_drawn, seed) if kind == RANDOM else RULES[kind]


def rule_scores(kind: str, records: Sequence[Record], seed: int) -> list[tuple[float, ...]]:
    """The number of every response of every record."""
    measure = rule(kind, seed)

    def measured(record: Record) -> tuple[float, ...]:
        prompt = prompt_text(record.prompt)
        return tuple(float(measure(prompt, response)) for response in record.responses)

    return [*map(measured, records)]


def check_baselines(names: Sequence[str]) -> None:
    """Refuse what is no baseline.

    Raises:
        ValueError: naming those that there are.
    """
    for name in names:
        if name not in KINDS:
            raise ValueError(f"baselines must be among {', '.join(KINDS)}, got {name}")


def _drawn(seed: int, prompt: str, response: str) -> float:
    digest = hashlib.sha256(f"{seed}\n{prompt}\n{response}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
