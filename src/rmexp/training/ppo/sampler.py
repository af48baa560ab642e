"""Responses sampled from a policy in training, and what a scorer says of them.

The scorer reads texts: what it makes of them with a tokenizer of its own is its own business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, NamedTuple

from transformers import PreTrainedModel

from rmexp.encoding.encode import Encoder
from rmexp.encoding.tokens import ResponseTokens
from rmexp.models.generation import Sampling, generate, prompt_seed
from rmexp.ranges import check_ranges
from rmexp.records import Candidates, Prompt, prompt_text
from rmexp.scoring.scorer import Scorer


@dataclass(frozen=True)
class Rollouts:
    """How much is sampled, and what counts as its reward.

    Attributes:
        iterations: of sampling and learning, at least 1.
        samples: responses in each iteration, a multiple of those to one prompt.
        max_new_tokens: longest response, its end token among them.
        standardised: whether rewards are told from the mean of the starting policy, in its standard deviations, so that
            the settings mean the same whatever the scorer.
        missing_end_penalty: taken off the reward of a response that the limit cut, at least 0.
        empty_reward: of a response without any text, which no scorer is asked about.
        empty_limit: share of an iteration's responses without text, in [0, 1], beyond which the run is stopped.
        evaluation_samples: responses by which starting policy and result are compared, at least 2.
        shown: responses of an iteration that go into the log and the tables.
        show_every: iterations between two that are shown; the last one is, too.
    """

    iterations: Annotated[int, "at least 1"]
    samples: Annotated[int, "at least 2"]
    max_new_tokens: Annotated[int, "at least 1"]
    standardised: bool
    missing_end_penalty: Annotated[float, "at least 0"]
    empty_reward: Annotated[float, "finite"]
    empty_limit: Annotated[float, "in [0, 1]"]
    evaluation_samples: Annotated[int, "at least 2"]
    shown: Annotated[int, "at least 0"]
    show_every: Annotated[int, "at least 1"]

    def __post_init__(self) -> None:
        check_ranges(self, "rollouts")


class Samples(NamedTuple):
    """Sampled responses, those to one prompt side by side; a figure for each of N.

    Attributes:
        prompts: that they answer.
        responses: tokens behind their prompts.
        texts: without special tokens.
        ended: whether the policy ended them itself.
        rewards: by the scorer; None for a response without text.
        gold: likewise by whoever knows the truth; None where nobody does.
    """

    prompts: list[Prompt]
    responses: list[ResponseTokens]
    texts: list[str]
    ended: list[bool]
    rewards: list[float | None]
    gold: list[float | None] | None

    @property
    def empty(self) -> int:
        """Responses without text."""
        return sum(reward is None for reward in self.rewards)

    @property
    def scored(self) -> list[float]:
        """Rewards of the others."""
        return [reward for reward in self.rewards if reward is not None]


class Sampler:
    """Samples and scores.

    Args:
        encoder: of prompts, for the policy's tokenizer.
        end_ids: tokens that end a response.
        scorer: whose reward is learnt from.
        gold: who knows the truth, or None; nothing is learnt from it.
        max_new_tokens: longest response, shorter than the encoder's limit.
        seed: of all of them.
        places: files and lines of prompts, for messages.

    Raises:
        ValueError: a scorer cannot score what it has not seen.
    """

    def __init__(
        self,
        encoder: Encoder,
        end_ids: Sequence[int],
        scorer: Scorer,
        gold: Scorer | None,
        max_new_tokens: int,
        seed: int,
        places: Mapping[Prompt, str] = MappingProxyType({}),
    ) -> None:
        if scorer.stored:
            raise ValueError(f"scorer {scorer.name} has scores of known responses alone, not of new ones (set scorer)")
        self.encoder, self.end_ids, self.scorer, self.gold, self.seed = encoder, end_ids, scorer, gold, seed
        self.places = places
        self.sampling = Sampling(max_new_tokens)  # from the policy itself: other draws would not be its own
        self.max_prompt_tokens = encoder.limits.max_tokens - max_new_tokens

    def sample(
        self, policy: PreTrainedModel, prompts: Sequence[Prompt], responses: int, number: int, first: int = 0
    ) -> Samples:
        """Responses of a policy, not scored yet.

        Args:
            policy: without dropout.
            prompts: P of them; one may be there twice.
            responses: to each prompt.
            number: of the draw; another one gives others.
            first: place of the first of the prompts among all of the draw, of which others may sample the rest.
        """
        if not prompts:
            return Samples([], [], [], [], [], None)
        encoded = self.encoder.encode_prompts(prompts, self.max_prompt_tokens)
        seeds = [prompt_seed(prompt, self.seed, number, place) for place, prompt in enumerate(prompts, first)]
        drawn = generate(policy, encoded, seeds, responses, self.sampling, self.end_ids)
        flat = [(prompt, ids, row) for prompt, ids, rows in zip(prompts, encoded, drawn, strict=True) for row in rows]
        return Samples(
            prompts=[prompt for prompt, _, _ in flat],
            responses=[ResponseTokens((*ids, *row.token_ids), len(ids), not row.ended) for _, ids, row in flat],
            texts=[self.encoder.tokenizer.decode(row.token_ids, skip_special_tokens=True) for _, _, row in flat],
            ended=[row.ended for _, _, row in flat],
            rewards=[None] * len(flat),
            gold=None,
        )

    def score(self, samples: Samples) -> Samples:
        """The same with rewards.

        Raises:
            ValueError: a reward is not finite; the message has the sample.
        """
        if not samples.texts:
            return samples
        gold = None if self.gold is None else self._scores(self.gold, samples)
        return samples._replace(rewards=self._scores(self.scorer, samples), gold=gold)

    def _scores(self, scorer: Scorer, samples: Samples) -> list[float | None]:
        said = [place for place, text in enumerate(samples.texts) if text.strip()]
        prompts = [samples.prompts[place] for place in said]
        records = [
            Candidates(prompt, (samples.texts[place],), place=self.places.get(prompt, ""))
            for place, prompt in zip(said, prompts, strict=True)
        ]
        try:
            rewards = _rewards(scorer, records)
        except ValueError:
            for record in records:
                _refuse_sample(scorer, record)
            raise
        found: list[float | None] = [None] * len(samples.texts)
        for place, reward in zip(said, rewards, strict=True):
            found[place] = reward
        return found


def _rewards(scorer: Scorer, records: Sequence[Candidates]) -> list[float]:
    return [row.numbers[0] for row in scorer.score(records)]


def _refuse_sample(scorer: Scorer, record: Candidates) -> None:
    """Say which sample a scorer has no reward for, if it is this one."""
    try:
        _rewards(scorer, [record])
    except ValueError as error:
        raise ValueError(
            f"scorer {scorer.name} has no reward for the sample {record.responses[0]!r} "
            f"to the prompt {prompt_text(record.prompt)!r}: {error}"
        ) from error
