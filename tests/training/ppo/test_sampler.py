"""A policy that answers, a scorer that counts characters."""

import pytest

from rmexp.encoding.encode import Encoder
from rmexp.models.generation import end_ids
from rmexp.records import Scored
from rmexp.training.ppo.sampler import Rollouts, Sampler, Samples


class Longer:
    """One point a character; what it was asked is kept."""

    name, fingerprint, stored = "longer", "", False

    def __init__(self, broken=None):
        self.asked, self.places, self.broken = [], [], broken

    def score(self, records):
        self.asked += [response for record in records for response in record.responses]
        self.places += [record.place for record in records]
        return [self._scored(record) for record in records]

    def _scored(self, record):
        score = float("nan") if self.broken in record.responses else float(len(record.responses[0]))
        return Scored(record.id, (score,), (1,), (False,))


@pytest.fixture
def sampler(tiny_model, limits):
    def make(scorer=None, gold=None, max_new_tokens=6, seed=0, **places):
        encoder = Encoder(tiny_model.tokenizer, limits)
        ends = end_ids(tiny_model.causal_lm, tiny_model.tokenizer)
        return Sampler(encoder, ends, scorer or Longer(), gold, max_new_tokens, seed, **places)

    return make


def test_responses_follow_their_prompts_and_texts_are_what_was_sampled(tiny_model, sampler):
    made = sampler()
    found = made.sample(tiny_model.causal_lm, ["How long is rope 1?", "Why?"], 3, 0)
    assert found.prompts == ["How long is rope 1?"] * 3 + ["Why?"] * 3
    assert found.rewards == [None] * 6
    encoded = made.encoder.encode_prompts(["How long is rope 1?"], 100)[0]
    for response, text, ended in zip(found.responses[:3], found.texts[:3], found.ended[:3], strict=True):
        assert list(response.token_ids[: response.prompt_tokens]) == encoded
        sampled = response.token_ids[response.prompt_tokens :]
        assert text == tiny_model.tokenizer.decode(sampled, skip_special_tokens=True)
        assert (sampled[-1] == tiny_model.tokenizer.eos_token_id) is ended
        assert len(sampled) == 6 or ended


def test_draws_are_of_seed_number_and_place(tiny_model, sampler):
    first = sampler().sample(tiny_model.causal_lm, ["Why?", "Why?"], 2, 0)
    assert first.responses == sampler().sample(tiny_model.causal_lm, ["Why?", "Why?"], 2, 0).responses
    assert first.responses[:2] != first.responses[2:]  # the same prompt twice is no waste
    assert first.responses != sampler().sample(tiny_model.causal_lm, ["Why?", "Why?"], 2, 1).responses
    assert first.responses != sampler(seed=1).sample(tiny_model.causal_lm, ["Why?", "Why?"], 2, 0).responses
    alone = sampler().sample(tiny_model.causal_lm, ["Why?"], 2, 0)
    assert alone.responses == first.responses[:2]


def with_texts(samples, texts):
    return samples._replace(texts=list(texts))


def test_only_texts_are_scored(tiny_model, sampler):
    scorer, gold = Longer(), Longer()
    made = sampler(scorer, gold)
    drawn = with_texts(made.sample(tiny_model.causal_lm, ["Why?"], 3, 0), ["four", " \n", "seventy"])
    found = made.score(drawn)
    assert found.rewards == found.gold == [4.0, None, 7.0]
    assert scorer.asked == gold.asked == ["four", "seventy"]
    assert (found.empty, found.scored) == (1, [4.0, 7.0])
    assert sampler(Longer()).score(drawn).gold is None


def test_a_reward_that_is_not_finite_is_told_with_its_sample(tiny_model, sampler):
    made = sampler(Longer(broken="bad one"))
    drawn = with_texts(made.sample(tiny_model.causal_lm, ["Why?"], 2, 0), ["good", "bad one"])
    with pytest.raises(
        ValueError, match="scorer longer has no reward for the sample 'bad one' to the prompt 'Why"
    ) as e:
        made.score(drawn)
    assert "a score must be finite, got nan" in str(e.value)


def test_a_scorer_knows_the_row_of_the_prompt_of_a_sample(tiny_model, sampler):
    scorer = Longer()
    made = sampler(scorer, places={"Why?": "a.jsonl:3"})
    made.score(with_texts(made.sample(tiny_model.causal_lm, ["Why?", "Who?"], 1, 0), ["because", "nobody"]))
    assert scorer.places == ["a.jsonl:3", ""]


def test_what_cannot_be_sampled_or_scored(sampler):
    stored = Longer()
    stored.stored = True
    with pytest.raises(ValueError, match="scorer longer has scores of known responses alone"):
        sampler(stored)


@pytest.mark.parametrize("key", ["iterations", "samples", "max_new_tokens", "evaluation_samples", "show_every"])
def test_bad_values(key):
    keys = {"iterations": 1, "samples": 2, "max_new_tokens": 8, "standardised": True, "missing_end_penalty": 0.5}
    keys |= {"empty_reward": -3.0, "empty_limit": 0.5, "evaluation_samples": 2, "shown": 0, "show_every": 1}
    assert Rollouts(**keys)
    with pytest.raises(ValueError, match=f"rollouts.{key} must be at least"):
        Rollouts(**keys | {key: 0})
    with pytest.raises(ValueError, match=r"rollouts\.empty_limit must be in"):
        Rollouts(**keys | {"empty_limit": 1.5})


def test_samples_without_any_text():
    assert Samples([], [], ["", " "], [True, True], [None, None], None).scored == []
