import random

import numpy as np
import pytest

from rmexp.records import Message
from rmexp.sources.reply_sentences import ATTRIBUTES, DISTRACTORS, GROUP_PROMPT, GROUPS, PROMPT, TONES
from rmexp.sources.synthetic_family import REPEAT_COST, STRAY_COST, synthetic_family, words
from rmexp.sources.synthetic_texts import ReplyPairs

KEYS = {
    "attributes": 24,
    "distractors": 4,
    "sentences": [2, 6],
    "weight_seed": 0,
    "prompt_dependence": 0.0,
    "groups": 1,
    "group_agreement": 0.5,
    "group_in_prompt": False,
}
FRIENDLY, STRICT = (
    PROMPT.format(asker="My aunt", subject="fresh bread", occasion="near the sea", tone=tone) for tone in TONES.values()
)


def family(**keys):
    return synthetic_family(**KEYS | keys)


def worth(one, *indices, group=0, tone=0):
    return sum(one.weights[group, tone, index] for index in indices)


def test_a_reply_is_worth_the_sum_of_its_sentences():
    one = family()
    reply = f"{ATTRIBUTES[3]} {DISTRACTORS[0]} {ATTRIBUTES[17]}"
    assert one.gold(FRIENDLY, reply) == pytest.approx(worth(one, 3, 17))
    assert one.gold(STRICT, reply) == one.gold("", reply) == one.gold(FRIENDLY, reply)


@pytest.mark.parametrize(
    "change",
    [str.upper, str.lower, lambda text: text.replace(".", "!"), lambda text: text.replace(" ", "\n  "), "* {}".format],
)
def test_case_punctuation_and_white_space_change_nothing(change):
    one = family()
    reply = f"{ATTRIBUTES[3]} {ATTRIBUTES[17]} {ATTRIBUTES[20]}"
    assert one.gold(FRIENDLY, change(reply)) == one.gold(FRIENDLY, reply)


def test_order_changes_nothing():
    one = family()
    assert one.gold("", f"{ATTRIBUTES[3]} {ATTRIBUTES[17]}") == pytest.approx(
        one.gold("", f"{ATTRIBUTES[17]} {ATTRIBUTES[3]}")
    )


def test_repetitions_and_stray_words_cost():
    one = family()
    twice = f"{ATTRIBUTES[3]} {ATTRIBUTES[3]} {DISTRACTORS[1]} {DISTRACTORS[1]} {DISTRACTORS[1]}"
    assert one.gold("", twice) == pytest.approx(worth(one, 3) - 3 * REPEAT_COST)
    broken = ATTRIBUTES[5].rsplit(maxsplit=1)[0]
    assert one.gold("", f"{ATTRIBUTES[3]} {broken}") == pytest.approx(worth(one, 3) - len(broken.split()) * STRAY_COST)
    soup = f"Quite so {ATTRIBUTES[3]} xyzzy {ATTRIBUTES[4]}"
    assert one.gold("", soup) == pytest.approx(worth(one, 3, 4) - 3 * STRAY_COST)
    unknown = family(attributes=10).gold("", ATTRIBUTES[20])
    assert unknown == pytest.approx(-len(ATTRIBUTES[20].split()) * STRAY_COST)


@pytest.mark.parametrize("nothing", ["", "  ", "...", "!?\n"])
def test_nothing_is_worth_nothing(nothing):
    assert family().gold(FRIENDLY, nothing) == 0


def test_texts_can_be_read_in_one_way_only():
    known = [tuple(words(sentence)) for sentence in (*ATTRIBUTES, *DISTRACTORS)]
    assert len(set(known)) == len(known)
    for one in known:
        assert not [other for other in known if other != one and other[: len(one)] == one]
        assert not set(one) & {*TONES, *GROUPS}


@pytest.mark.parametrize(
    "keys", [{}, {"attributes": 8, "sentences": [1, 3]}, {"weight_seed": 5, "distractors": 12}, {"sentences": [5, 5]}]
)
def test_two_replies_differ_by_a_standard_deviation_of_one_and_length_is_worth_nothing(keys):
    one, keys = family(**keys), KEYS | keys
    assert one.weights.sum() == pytest.approx(0, abs=1e-2)
    replies, rng = ReplyPairs(one, keys["attributes"], keys["sentences"]), random.Random(0)
    drawn = [(replies._reply(rng), replies._reply(rng)) for _ in range(5000)]
    differences = [(first.worth - second.worth).item(0) for first, second in drawn]
    assert np.std(differences) == pytest.approx(1, abs=0.03)
    lengths = [first.sentences - second.sentences for first, second in drawn]
    assert not any(lengths) or abs(np.corrcoef(differences, lengths)[0, 1]) < 0.05


def test_another_weight_seed_is_another_family():
    assert not np.array_equal(family().weights, family(weight_seed=1).weights)
    assert np.array_equal(family().weights, family().weights)


def test_the_prompt_turns_the_sign():
    one, reply = family(prompt_dependence=1.0), f"{ATTRIBUTES[3]} {ATTRIBUTES[17]}"
    assert one.gold(FRIENDLY, reply) == pytest.approx(family().gold(FRIENDLY, reply))
    assert one.gold(STRICT, reply) == pytest.approx(-one.gold(FRIENDLY, reply))
    for unclear in ("", "Write a reply.", f"{FRIENDLY} {STRICT}"):
        assert one.gold(unclear, reply) == pytest.approx(0)
    turns = (Message("system", "Be brief."), Message("user", STRICT))
    assert one.gold(turns, reply) == one.gold(STRICT, reply)


def test_costs_do_not_turn():
    one, reply = family(prompt_dependence=1.0), f"{ATTRIBUTES[3]} {ATTRIBUTES[3]} xyzzy"
    assert one.gold(FRIENDLY, reply) + one.gold(STRICT, reply) == pytest.approx(-2 * (REPEAT_COST + STRAY_COST))


def test_a_share_of_the_attributes_depends_on_the_prompt():
    weights = family(prompt_dependence=0.25).weights[0]
    assert (weights[0, :24] != weights[1, :24]).sum() == 6
    assert np.array_equal(np.abs(weights[0]), np.abs(weights[1]))


def test_groups_have_weights_of_their_own():
    one = family(groups=3, group_agreement=0.5, group_in_prompt=True)
    reply = f"{ATTRIBUTES[3]} {ATTRIBUTES[17]}"
    by_group = [worth(one, 3, 17, group=group) for group in range(3)]
    assert len(set(by_group)) == 3
    for group, value in zip(GROUPS, by_group, strict=False):
        assert one.gold(FRIENDLY + GROUP_PROMPT.format(group=group), reply) == pytest.approx(value)
    assert one.gold(FRIENDLY, reply) == pytest.approx(np.mean(by_group))
    silent = family(groups=3, group_agreement=0.5)
    assert silent.gold(FRIENDLY + GROUP_PROMPT.format(group=GROUPS[0]), reply) == pytest.approx(np.mean(by_group))


def test_agreement_is_the_correlation_of_groups():
    def correlations(agreement):
        for seed in range(40):
            weights = family(groups=2, group_agreement=agreement, weight_seed=seed, attributes=40).weights[:, 0, :40]
            yield np.corrcoef(weights)[0, 1]

    for agreement in (0.0, 0.6, 1.0):
        assert np.mean(list(correlations(agreement))) == pytest.approx(agreement, abs=0.06)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("attributes", 41, r"`attributes` must be a whole number from 2 to 40, got 41 \(set data.attributes\)"),
        ("attributes", 2.5, "`attributes` must be a whole number"),
        ("distractors", -1, r"`distractors` must be a whole number from 0 to 12, got -1 \(set data.distractors\)"),
        ("weight_seed", -1, "`weight_seed` must be a whole number from 0 to 4294967295, got -1"),
        ("sentences", [0, 3], "`sentences` must be the smallest and the largest number"),
        ("sentences", [3, 2], r"got \[3, 2\] \(set data.sentences\)"),
        ("sentences", [2, 24], "from 1 to less than 24 attributes"),
        ("sentences", [2], "`sentences` must be"),
        ("prompt_dependence", 1.1, r"`prompt_dependence` must be in \[0, 1\], got 1.1 \(set data.prompt_dependence\)"),
        ("group_agreement", -0.1, r"`group_agreement` must be in \[0, 1\]"),
        ("groups", 7, r"there are 1 to 6 groups, got 7 \(set data.group_temperatures\)"),
    ],
)
def test_numbers_out_of_range(key, value, message):
    with pytest.raises(ValueError, match=message):
        family(**{key: value})
