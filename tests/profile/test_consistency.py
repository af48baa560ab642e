import itertools

import numpy as np
import pytest

from rmexp.profile import consistency as module
from rmexp.profile.consistency import consistency
from rmexp.profile.pair_texts import pair_texts
from rmexp.records import Preference


def counts(*pairs, prompt="p"):
    """Of pairs such as `ab` (a is better), `ba0` (a is better, listed second) and `ab=` (a tie)."""
    targets = {"": 1.0, "0": 0.0, "=": 0.5}
    records = [Preference(prompt, pair[0], pair[1], target=targets[pair[2:]]) for pair in pairs]
    return consistency(pair_texts(records))[0]


def test_what_repeats():
    found = counts("ab", "ab", "ab", "cd", "dc0", "xy", "yx=")
    assert (found.duplicates, found.both_orders, found.repeated) == (2, 2, 2)
    assert found.contradictions == 0


@pytest.mark.parametrize("pairs", [("ab", "ba"), ("ab", "ab0"), ("ab", "ab", "ba")])
def test_labels_in_both_directions(pairs):
    found = counts(*pairs)
    assert (found.contradictions, found.repeated) == (1, 1)


def test_other_prompts_have_nothing_to_do_with_it():
    records = [
        Preference("p", "a", "b"),
        Preference("q", "b", "a"),
        Preference("q", "b", "c"),
        Preference("p", "c", "a"),
    ]
    found, examples = consistency(pair_texts(records))
    assert (found.both_orders, found.contradictions, found.in_cycles, found.triangles) == (0, 0, 0, 0)
    assert not len(examples.contradicting)


def test_writing_alone():
    records = [Preference("p", "Yes.", "no"), Preference("P?", "yes", "No!"), Preference("p", "yes", "Yes")]
    found = consistency(pair_texts(records))[0]
    assert (found.duplicates, found.normalised_duplicates, found.identical_normalised) == (0, 1, 1)


@pytest.mark.parametrize(
    ("pairs", "in_cycles", "triangles", "cyclic"),
    [
        (("ab", "bc", "ac"), 0, 1, 0),
        (("ab", "bc", "ca"), 3, 1, 1),
        (("ab", "bc", "ca="), 0, 0, 0),
        (("ab", "bc", "cd", "da"), 4, 0, 0),
        (("ab", "ba", "bc", "ca"), 0, 0, 0),  # a balanced contradiction has no majority
        (("ab", "ab", "ba", "bc", "ca"), 4, 1, 1),  # the label against the majority is no edge
        (("ab", "bc", "ac0", "cx"), 3, 1, 1),
    ],
)
def test_cycles(pairs, in_cycles, triangles, cyclic):
    found = counts(*pairs)
    assert (found.in_cycles, found.triangles, found.cyclic_triangles) == (in_cycles, triangles, cyclic)


def test_triangles_of_a_random_tournament_are_those_of_a_slow_count():
    rng = np.random.default_rng(0)
    names = "abcdefghij"
    wins = {pair: rng.random() < 0.5 for pair in itertools.combinations(names, 2)}
    found = counts(*(a + b + ("" if win else "0") for (a, b), win in wins.items()))
    beats = {pair if win else pair[::-1] for pair, win in wins.items()}
    cyclic = sum(
        {(x, y), (y, z), (z, x)} <= beats for three in itertools.combinations(names, 3)
        for x, y, z in (three, three[::-1])
    )  # fmt: skip
    assert (found.triangles, found.cyclic_triangles) == (120, cyclic)


def test_too_many_triangles_are_not_counted(monkeypatch):
    monkeypatch.setattr(module, "MOST_EDGES", 5)
    assert counts("ab", "bc", "ca").triangles is None


def test_contradicting_rows_come_in_twos():
    records = [Preference("p", "a", "b"), Preference("p", "x", "y"), Preference("p", "b", "a")]
    assert consistency(pair_texts(records))[1].contradicting.tolist() in ([0, 2], [2, 0])
