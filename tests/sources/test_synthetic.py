import os
import subprocess
import sys
from itertools import product

import numpy as np
import pytest

import rmexp
from rmexp.config.build import framed
from rmexp.config.compose import compose
from rmexp.data.described import fingerprint
from rmexp.evaluation.measures.ceiling import ceiling, truth_of
from rmexp.sources.reply_sentences import ATTRIBUTES, DISTRACTORS, GROUPS, TONES
from rmexp.sources.synthetic import synthetic
from rmexp.sources.synthetic_family import synthetic_family, words
from rmexp.sources.synthetic_texts import PROMPTS, prompt_of

KEYS = {
    "pairs": 300,
    "val_pairs": 50,
    "test_pairs": 100,
    "seed": 0,
    "weight_seed": 0,
    "attributes": 24,
    "distractors": 0,
    "sentences": [2, 6],
    "temperature": 0.35,
    "ties": 0.0,
    "length_bias": 0.0,
    "prompt_dependence": 0.0,
    "group_temperatures": [],
    "group_agreement": 0.5,
    "group_in_prompt": False,
}
NOISE = 4 * 0.5 / np.sqrt(3000)  # four standard errors of a share of `many`
VARIATIONS = [
    {},
    {"distractors": 3, "length_bias": 0.2},
    {"prompt_dependence": 0.5, "ties": 0.8},
    {"group_temperatures": [0.2, 0.9]},
    {"group_temperatures": [0.2, 0.9], "group_in_prompt": True, "prompt_dependence": 1.0, "ties": 0.5},
]


def make(**keys):
    return synthetic(**KEYS | keys)


def many(**keys):
    """3,000 pairs of one split."""
    return make(**{"test_pairs": 3000, "pairs": 1, "val_pairs": 1} | keys).splits["test"]


def every(data):
    return [pair for split in data.splits.values() for pair in split]


def sigmoid(values):
    return 1 / (1 + np.exp(-np.asarray(values)))


def values(pairs, key):
    return np.array([pair.meta[key] for pair in pairs])


def test_sizes_and_disjointness():
    data = make()
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 300, "val": 50, "test": 100}
    pairs = every(data)
    assert len({pair.prompt for pair in pairs}) == len({frozenset(pair.responses) for pair in pairs}) == 450
    assert len({pair.id for pair in pairs}) == 450


def test_texts_are_sentences_of_the_family():
    for pair in every(make(distractors=2)):
        for response, count in zip(pair.responses, pair.meta["sentences"], strict=True):
            said = [f"{sentence}." for sentence in response.removesuffix(".").split(". ")]
            assert len(said) == len(set(said)) == count
            assert set(said) <= {*ATTRIBUTES[:24], *DISTRACTORS[:2]}
            assert 2 <= len(set(said) & set(ATTRIBUTES)) <= 6
        assert [tone for tone in TONES if tone in words(pair.prompt)] == [pair.meta["tone"]]


def test_every_prompt_is_another_text():
    assert len({prompt_of(index, "strict") for index in range(PROMPTS)}) == PROMPTS


@pytest.mark.parametrize("keys", VARIATIONS)
def test_gold_is_what_the_family_says_of_the_texts(keys):
    of_family = ("attributes", "distractors", "sentences", "weight_seed", "prompt_dependence")
    shared = {key: (KEYS | keys)[key] for key in (*of_family, "group_agreement", "group_in_prompt")}
    family = synthetic_family(**shared, groups=max(1, len(keys.get("group_temperatures", []))))
    for pair in make(**keys).splits["test"]:
        assert pair.meta["gold"] == pytest.approx([family.gold(pair.prompt, text) for text in pair.responses], abs=1e-5)


def test_true_probability_is_that_of_bradley_and_terry():
    pairs = every(make())
    gold = values(pairs, "gold")
    assert values(pairs, "true_probability") == pytest.approx(sigmoid((gold[:, 0] - gold[:, 1]) / 0.35), abs=1e-5)
    assert {key for pair in pairs for key in pair.meta} == {"true_probability", "gold", "sentences", "tone"}


def test_annotators_like_length_and_gold_does_not():
    pairs = every(make(length_bias=0.25))
    difference = values(pairs, "gold") @ [1, -1] + 0.25 * (values(pairs, "sentences") @ [1, -1])
    assert values(pairs, "true_probability") == pytest.approx(sigmoid(difference / 0.35), abs=1e-5)


@pytest.mark.parametrize("keys", VARIATIONS)
def test_labels_are_as_frequent_as_their_probabilities(keys):
    pairs = many(**keys)
    target, true, tie = values_of(pairs)
    assert (target == 0.5).mean() == pytest.approx(tie.mean(), abs=NOISE)
    # The listed order is the label: turned so that the likelier side stands first, the order is independent of it.
    likelier = np.where(true >= 0.5, target, 1 - target)
    expected = np.maximum(true, 1 - true)
    for low, high in ((0.5, 0.65), (0.65, 0.8), (0.8, 0.95), (0.95, 1.01)):
        inside = (expected >= low) & (expected < high)
        error = np.sqrt((expected[inside] * (1 - expected[inside])).sum()) / inside.sum()
        assert likelier[inside].mean() == pytest.approx(expected[inside].mean(), abs=4 * error), (low, high)


def values_of(pairs):
    target = np.array([pair.target for pair in pairs])
    assert set(target) <= {0.5, 1.0}
    truth = truth_of(pairs)
    return target, truth.probability, truth.tie


def test_who_knows_the_group_knows_more():
    pairs = many(group_temperatures=[0.2, 0.9])
    best = {}
    for key in ("group_probability", "true_probability"):
        probability = values(pairs, key)
        best[key] = np.maximum(probability, 1 - probability).mean()
        assert (probability > 0.5).mean() == pytest.approx(best[key], abs=NOISE)
    assert best["group_probability"] > best["true_probability"] + 0.02
    assert {pair.meta["group"] for pair in pairs} == set(GROUPS[:2])


def test_a_group_that_the_prompt_names_is_known():
    for pair in every(make(group_temperatures=[0.2, 0.9], group_in_prompt=True)):
        assert pair.prompt.endswith(f"It is for {pair.meta['group']}.")
        assert pair.meta["group_probability"] == pair.meta["true_probability"]


def test_who_does_not_read_the_prompt_has_a_coin():
    pairs = every(make(prompt_dependence=1.0, group_temperatures=[0.2, 0.9]))
    assert values(pairs, "prompt_blind_probability") == pytest.approx(0.5 * np.ones(450))


def test_what_does_not_depend_on_the_prompt_can_be_seen_without_it():
    pairs = many(prompt_dependence=0.5)
    blind = values(pairs, "prompt_blind_probability")
    best = np.maximum(blind, 1 - blind).mean()
    assert 0.6 < best < ceiling(truth_of(pairs)).bayes_accuracy - 0.05
    assert (blind > 0.5).mean() == pytest.approx(best, abs=NOISE)


@pytest.mark.parametrize(
    ("option", "bayes"),
    [("synthetic_easy", 0.945), ("synthetic", 0.828), ("synthetic_hard", 0.674), ("synthetic_prompt", 0.828)],
)
def test_the_named_levels_are_as_hard_as_they_say(option, bayes):
    node = compose("train", [f"data={option}", "data.pairs=1", "data.val_pairs=1"]).data
    pairs = framed("data", node)[0]().splits["test"]
    assert node.name == option
    assert len(pairs) == 2000
    assert ceiling(truth_of(pairs)).bayes_accuracy == pytest.approx(bayes, abs=0.01)
    label = np.array([true > 0.5 for true in values(pairs, "true_probability")])
    assert label.mean() == pytest.approx(bayes, abs=0.01 + 4 * np.sqrt(bayes * (1 - bayes) / 2000))


def longer_wins(pairs):
    leads = np.array([len(pair.chosen) - len(pair.rejected) for pair in pairs])
    return (leads > 0).mean() + (leads == 0).mean() / 2


def test_length_says_nothing_unless_annotators_like_it():
    assert longer_wins(many()) == pytest.approx(0.5, abs=NOISE)
    assert longer_wins(many(distractors=8)) == pytest.approx(0.5, abs=NOISE)
    assert longer_wins(many(length_bias=0.3)) > 0.6


def test_equal_arguments_give_equal_records_in_every_process():
    code = (
        "from rmexp.data.described import fingerprint; from rmexp.sources.synthetic import synthetic\n"
        f"print(*map(fingerprint, synthetic(**{KEYS!r}).splits.values()))"
    )
    here = [*map(fingerprint, make().splits.values())]
    source = os.path.dirname(os.path.dirname(rmexp.__file__))
    environment = os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": source}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.split() == here


def test_another_seed_gives_other_pairs_of_the_same_worth():
    one, other = make(), make(seed=1)
    for name, split in one.splits.items():
        assert not {frozenset(pair.responses) for pair in split} & {frozenset(each.responses) for each in every(other)}
        assert fingerprint(split) != fingerprint(other.splits[name])


def test_evaluation_splits_do_not_depend_on_the_training_split():
    one, other = make(), make(pairs=10)
    assert (one.splits["val"], one.splits["test"]) == (other.splits["val"], other.splits["test"])
    assert one.splits["train"][:10] == other.splits["train"]


def test_the_temperature_changes_labels_alone():
    for one, other in zip(every(make()), every(make(temperature=1.0)), strict=True):
        assert one.prompt == other.prompt
        assert {*one.responses} == {*other.responses}


@pytest.mark.slow
def test_only_who_reads_the_prompt_is_better_than_chance():
    """Bags of words by scikit-learn: of the responses alone, and with the tone that the prompt asks for."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    data = make(pairs=6000, test_pairs=2000, prompt_dependence=1.0)
    bags = CountVectorizer().fit([text for pair in data.splits["train"] for text in pair.responses])

    def accuracy(*, reads_prompt):
        def features(pairs):
            first, second = (bags.transform([pair.responses[side] for pair in pairs]) for side in (0, 1))
            sign = [1 if pair.meta["tone"] == "friendly" or not reads_prompt else -1 for pair in pairs]
            return (first - second).toarray() * np.array(sign)[:, None]

        train = features(data.splits["train"])
        label = np.arange(len(train)) % 2  # every other pair the other way round
        model = LogisticRegression(fit_intercept=False).fit(np.where(label[:, None] == 1, train, -train), label)
        right = model.decision_function(features(data.splits["test"])) > 0
        true = values(data.splits["test"], "true_probability")
        return np.where(right, true, 1 - true).mean()

    bayes = ceiling(truth_of(data.splits["test"])).bayes_accuracy
    assert accuracy(reads_prompt=False) == pytest.approx(0.5, abs=0.03)
    assert bayes - 0.01 < accuracy(reads_prompt=True) <= bayes


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"pairs": 0}, r"`pairs` must be a whole number of at least 1, got 0 \(set data.pairs\)"),
        ({"val_pairs": 1.5}, r"`val_pairs` must be a whole number of at least 1, got 1.5 \(set data.val_pairs\)"),
        ({"test_pairs": True}, "`test_pairs` must be"),
        ({"pairs": PROMPTS}, f"there are {PROMPTS} prompts, one a pair, got {PROMPTS + 150} pairs in all"),
        ({"attributes": 3, "sentences": [1, 2]}, "there are too few different replies for another pair after 36 "),
        ({"temperature": -1.0}, "data.temperature"),
        ({"sentences": [2, 40]}, "data.sentences"),
    ],
)
def test_what_cannot_be_made(keys, message):
    with pytest.raises(ValueError, match=message):
        make(**keys)


@pytest.mark.parametrize(("attributes", "sentences"), product([5, 40], [[1, 1], [2, 4]]))
def test_small_and_large_families(attributes, sentences):
    data = make(attributes=attributes, sentences=sentences, pairs=4, val_pairs=2, test_pairs=2)
    assert all(sentences[0] <= count <= sentences[1] for pair in every(data) for count in pair.meta["sentences"])
