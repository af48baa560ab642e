import pytest

from rmexp.records import Preference
from rmexp.suites.llmbar import ADVERSARIAL, llmbar


def pair(place, field="folder"):
    return Preference(place, "a", "b", meta={field: place})


def test_five_subsets_weigh_alike():
    records = [pair("Natural"), *(pair(f"Adversarial/{name}") for name in ADVERSARIAL), pair("Adversarial/Manual")]
    figures = llmbar(records, [(1, 0), (1, 0), (0, 1), (0, 1), (1, 0), (1, 1)])
    assert figures["Manual"] == 0.5
    assert figures["Adversarial"] == pytest.approx((1 + 0 + 0 + 0.5) / 4)
    assert figures["score"] == pytest.approx((1 + 1 + 0 + 0 + 0.5) / 5)


def test_names_of_subsets_in_full_and_what_is_not_of_llmbar():
    records = [pair("LLMBar/Natural", "subset"), pair("Processed/Manual", "subset")]
    figures = llmbar(records, [(1, 0), (0, 1)])
    assert (figures["Natural"], figures["Manual"], figures["Adversarial"], figures["score"]) == (1.0, None, None, None)
