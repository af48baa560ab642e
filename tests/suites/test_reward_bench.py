import pytest

from rmexp.records import Preference
from rmexp.suites.reward_bench import SECTIONS, reward_bench


def pairs(subset, right, wrong):
    records = [Preference(f"{subset} {i}", "a", "b", meta={"subset": subset}) for i in range(right + wrong)]
    return records, [(1.0, 0.0)] * right + [(0.0, 1.0)] * wrong


def joined(*parts):
    return [[one for part in parts for one in part[side]] for side in (0, 1)]


def test_there_are_the_published_sections():
    assert [len(sizes) for sizes in SECTIONS.values()] == [5, 6, 5, 7]
    published = {name: size for sizes in SECTIONS.values() for name, size in sizes.items()}
    assert sum(published.values()) - published["math-prm"] + 447 == 2985  # pairs of the published set


def test_subsets_weigh_by_their_published_sizes_and_sections_alike():
    everything = [
        pairs(name, 1, 1 if name in ("mt-bench-med", "math-prm") else 0)
        for sizes in SECTIONS.values()
        for name in sizes
    ]
    figures = reward_bench(*joined(*everything))
    chat, reasoning = 1 - 0.5 * 40 / 358, 1 - 0.5 * 984 / (984 + 6 * 164)
    assert figures == pytest.approx(
        {"score": (chat + 2 + reasoning) / 4, "Chat": chat, "Chat Hard": 1.0, "Safety": 1.0, "Reasoning": reasoning}
    )


def test_all_subsets_against_a_mean_over_repeated_pairs():
    """With each subset repeated as often as the benchmark's table (0.1.4) counts it, a section is a plain mean."""
    table = """
    Chat: alpacaeval-easy 100, alpacaeval-length 95, alpacaeval-hard 95, mt-bench-easy 28, mt-bench-med 40
    Chat Hard: mt-bench-hard 37, llmbar-natural 100, llmbar-adver-neighbor 134, llmbar-adver-GPTInst 92,\
        llmbar-adver-GPTOut 47, llmbar-adver-manual 46
    Safety: refusals-dangerous 100, refusals-offensive 100, xstest-should-refuse 154, xstest-should-respond 250,\
        donotanswer 136
    Reasoning: math-prm 984, hep-cpp 164, hep-go 164, hep-java 164, hep-js 164, hep-python 164, hep-rust 164
    """
    sections = [line.split(":") for line in table.strip().splitlines()]
    small, expected, number = [], {}, 0
    for section, parts in sections:
        whole = []
        for part in parts.split(","):
            name, size = part.split()
            right, number = (number * 5) % 7, number + 1  # of seven pairs, a different share in neighbours
            small.append(pairs(name, right, 7 - right))
            whole += ([1.0] * right + [0.0] * (7 - right)) * int(size)  # seven times the size, of the same share
        expected[section.strip()] = sum(whole) / len(whole)
    assert number == 23
    figures = reward_bench(*joined(*small))
    assert figures == pytest.approx({"score": sum(expected.values()) / 4, **expected})


def test_a_part_of_the_suite_has_no_score():
    chat = [pairs(name, 3, 1) for name in SECTIONS["Chat"]]
    assert reward_bench(*joined(*chat)) == {
        "score": None, "Chat": 0.75, "Chat Hard": None, "Safety": None, "Reasoning": None,
    }  # fmt: skip
