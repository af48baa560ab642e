import pytest

from rmexp.analysis.suites.reward_bench import SECTIONS, reward_bench
from rmexp.records import Preference


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


def test_a_part_of_the_suite_has_no_score():
    chat = [pairs(name, 3, 1) for name in SECTIONS["Chat"]]
    assert reward_bench(*joined(*chat)) == {
        "score": None, "Chat": 0.75, "Chat Hard": None, "Safety": None, "Reasoning": None,
    }  # fmt: skip
