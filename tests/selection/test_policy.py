import pytest

from rmexp.models.generation import Generated, Sampling
from rmexp.selection import policy as module
from rmexp.selection.policy import Policy

PROMPTS = ["How long is rope 3?", "Why?", "short short"]


@pytest.fixture
def make(reference_folder):
    return lambda **keys: Policy(
        str(reference_folder), **({"sampling": Sampling(8), "responses": 4, "seed": 0, "threads": 1} | keys)
    )


def test_responses_depend_on_prompt_and_seed_alone(make):
    found = make().sample(PROMPTS)
    assert [len(row.texts) for row in found] == [4, 4, 4]
    assert make().sample(PROMPTS[1:2]) == found[1:2]
    assert make(seed=1).sample(PROMPTS) != found
    assert len({row.texts for row in found}) == 3


def test_empty_responses_are_drawn_again_and_counted(make, monkeypatch):
    letter, end = make().encoder.tokenizer("x").input_ids[0], 2
    said, silent, endless = Generated((letter, end), True), Generated((end,), True), Generated((letter,), False)
    rounds = [[[said, silent, silent, endless], [said] * 4], [[silent, said]], *[[[silent]]] * 3]
    monkeypatch.setattr(module, "generate", lambda *given: rounds.pop(0))
    first, second = make().sample(PROMPTS[:2])
    assert (first.texts, first.empty, first.cut) == (("x", "x", "x"), 6, 1)
    assert (second.texts, second.empty, second.cut) == (("x",) * 4, 0, 0)


def test_the_prompt_is_rendered_by_the_policys_own_template(make):
    policy = make()
    (ids,) = policy.encoder.encode_prompts(["Why?"], 100)
    assert policy.encoder.tokenizer.decode(ids) == policy.encoder.render("Why?")
    (cut,) = policy.encoder.encode_prompts(["Why? " * 50], 20)
    assert len(cut) == 20
    assert cut[0] == policy.encoder.tokenizer.bos_token_id


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"responses": 0}, "set candidates.n"),
        ({"sampling": Sampling(256)}, "has 256 positions, but candidates.max_new"),
    ],
)
def test_what_cannot_be_sampled_is_a_sentence(make, keys, message):
    with pytest.raises(ValueError, match=message):
        make(**keys)
