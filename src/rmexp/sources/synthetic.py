"""Pairs of replies whose true preference probabilities are known, made in memory: every figure has its ceiling.

Equal arguments give equal records on every machine.
"""

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from rmexp.preference_data import PreferenceData
from rmexp.records import Preference
from rmexp.sources.annotators import Annotators, Chances, annotators
from rmexp.sources.reply_sentences import GROUP_PROMPT, GROUPS, TONES
from rmexp.sources.synthetic_family import Family, synthetic_family
from rmexp.sources.synthetic_texts import PROMPTS, Reply, ReplyPairs, prompt_of, shuffled_prompts


def synthetic(
    *,
    pairs: int,
    val_pairs: int,
    test_pairs: int,
    seed: int,
    weight_seed: int,
    attributes: int,
    distractors: int,
    sentences: list[int],
    temperature: float,
    ties: float,
    length_bias: float,
    prompt_dependence: float,
    group_temperatures: list[float],
    group_agreement: float,
    group_in_prompt: bool,
) -> PreferenceData:
    """Pairs of replies, labelled by annotators who follow the model of Bradley and Terry, or Davidson's with ties.

    The winner that was drawn is listed as chosen; a drawn tie has the target 0.5. No prompt and no two responses occur
    in two pairs. `val` and `test` do not depend on `pairs`, and another temperature changes nothing but labels.

    Args:
        pairs: number of training pairs.
        val_pairs: number of validation pairs.
        test_pairs: number of test pairs.
        seed: of prompts, replies and labels.
        weight_seed: of the weights of the sentences, and so of the gold reward.
        attributes: number of sentences that are worth something.
        distractors: number of sentences that are worth nothing, each of them in half of all replies.
        sentences: smallest and largest number of worthwhile sentences in a reply, all equally likely.
        temperature: gold difference that makes the log-odds 1; the standard deviation of that difference is 1.
        ties: Davidson's nu; 0 draws no tie, and equally good replies tie with probability nu / (2 + nu).
        length_bias: what annotators give for each further sentence, in units of the gold reward, which ignores it.
        prompt_dependence: share in [0, 1] of the attributes whose weight changes its sign with the tone that the
            prompt asks for; at 1 no model that does not read prompts is better than chance.
        group_temperatures: temperature of each group of annotators, who have weights of their own; when empty there
            is one group of `temperature`.
        group_agreement: correlation in [0, 1] of the weights of two groups.
        group_in_prompt: whether the prompt names the annotator's group.

    Returns:
        Splits `train`, `val` and `test`; `meta` has `true_probability` that the chosen one is preferred, to whoever
        knows the family and reads prompt and responses, a tie counting one half; `gold` and `sentences`, the reward
        and length of chosen and rejected; `tone` of the prompt; with ties `tie_probability`; where the prompt matters
        `prompt_blind_probability`, true to whoever reads the responses alone; with groups `group`, and
        `group_probability`, true to whoever knows it.

    Raises:
        ValueError: a number is out of range.
    """
    family = synthetic_family(
        attributes=attributes,
        distractors=distractors,
        sentences=sentences,
        weight_seed=weight_seed,
        prompt_dependence=prompt_dependence,
        groups=max(len(group_temperatures), 1),
        group_agreement=group_agreement,
        group_in_prompt=group_in_prompt,
    )
    people = annotators(
        temperature=temperature, group_temperatures=group_temperatures, length_bias=length_bias, ties=ties
    )
    sizes = {"test": test_pairs, "val": val_pairs, "train": pairs}
    _check_sizes(sizes)
    prompts = shuffled_prompts(seed)
    replies = ReplyPairs(family, attributes, sentences)
    labelling = Labelling(family, people, blind=prompt_dependence > 0 or group_in_prompt)
    splits = {}
    for name, size in sizes.items():
        texts, labels = random.Random(f"{seed}/{name}/texts"), random.Random(f"{seed}/{name}/labels")
        splits[name] = tuple(labelling.pair(next(prompts), *replies.draw(texts), labels) for _ in range(size))
    return PreferenceData({name: splits[name] for name in ("train", "val", "test")})


class Labelling(NamedTuple):
    """Lets annotators compare replies.

    Attributes:
        family: that the replies are of.
        annotators: who compare them.
        blind: whether the probability for those who do not see the prompt is another one.
    """

    family: Family
    annotators: Annotators
    blind: bool

    def pair(self, prompt_index: int, first: Reply, second: Reply, rng: random.Random) -> Preference:
        """A labelled pair, the winner listed as chosen."""
        groups = len(self.family.weights)
        group = rng.randrange(groups)
        tones = list(TONES)
        tone = rng.randrange(len(tones))
        prompt = prompt_of(prompt_index, tones[tone])
        if self.family.names_groups:
            prompt += GROUP_PROMPT.format(group=GROUPS[group])
        chances = self.annotators.chances(first.worth - second.worth, first.sentences - second.sentences)
        outcome = rng.random() - chances.first[group, tone]
        target = 0.5 if 0 <= outcome < chances.tie[group, tone] else 1.0
        swapped = outcome >= chances.tie[group, tone]
        if swapped:
            first, second = second, first
            chances = Chances(1 - chances.first - chances.tie, chances.tie)
        seen = [group] if self.family.names_groups else list(range(groups))
        meta = dict(self._probabilities(chances, seen, group, tone))
        meta["gold"] = [round(float(reply.worth[seen, tone].mean()), 6) for reply in (first, second)]
        meta |= {"sentences": [first.sentences, second.sentences], "tone": tones[tone]}
        if groups > 1:
            meta["group"] = GROUPS[group]
        return Preference(prompt, first.text, second.text, target=target, meta=meta)

    def _probabilities(self, chances: Chances, seen: list[int], group: int, tone: int) -> Iterator[tuple[str, Any]]:
        """What `meta` says of a pair; rounded, so that no machine's arithmetic makes it another pair."""
        yield "true_probability", round(float(chances.preferred[seen, tone].mean()), 9)
        if self.annotators.ties:
            yield "tie_probability", round(float(chances.tie[seen, tone].mean()), 9)
        if self.blind:
            yield "prompt_blind_probability", round(float(chances.preferred.mean()), 9)
        if len(self.family.weights) > 1:
            yield "group_probability", round(float(chances.preferred[group, tone]), 9)


def _check_sizes(sizes: dict[str, int]) -> None:
    for name, size in sizes.items():
        key = "pairs" if name == "train" else f"{name}_pairs"
        if type(size) is not int or size < 1:
            raise ValueError(f"`{key}` must be a whole number of at least 1, got {size!r} (set data.{key})")
    if sum(sizes.values()) > PROMPTS:
        raise ValueError(
            f"there are {PROMPTS} prompts, one a pair, got {sum(sizes.values())} pairs in all (lower data.pairs)"
        )
