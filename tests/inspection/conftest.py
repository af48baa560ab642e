"""Scorers of known behaviour: what each check must say of them is known too."""

import hashlib

import pytest

from rmexp.records import Preference, Scored, prompt_text


def scorer(measure):
    """Scores by a function of prompt and response."""

    def score(records):
        return [
            Scored(
                record.id,
                tuple(float(measure(prompt_text(record.prompt), text)) for text in record.responses),
                (1,) * len(record.responses),
                (False,) * len(record.responses),
            )
            for record in records
        ]

    return score


def noise(prompt, text):
    return int(hashlib.sha256((prompt + text).encode()).hexdigest()[:8], 16) / 2**32


@pytest.fixture(scope="session")
def by():
    return scorer


@pytest.fixture(scope="session")
def lot():
    return scorer(noise)


@pytest.fixture(scope="session")
def judged():
    """Forty pairs; the better response names the number that the prompt asks for, and is the longer one in half."""
    return [
        Preference(
            f"Which number is {i}?",
            f"It is {i}. That is it.",
            f"It is {i + 1}." + " I think. It may be." * (i % 2),
            id=str(i),
        )
        for i in range(40)
    ]
