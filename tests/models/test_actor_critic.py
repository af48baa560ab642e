"""Figures of single tokens against transformers alone, one response after the other."""

import copy

import pytest
import torch

from rmexp.models.actor_critic import ActorCritic, response_logprobs
from rmexp.models.likelihood import Likelihood

WIDTH = 7


def slowly(causal_lm, body, head, responses):
    """(N, WIDTH, 2) log-probability of each response token, and value of the state before it."""
    figures = torch.zeros(len(responses), WIDTH, 2)
    for row, response in enumerate(responses):
        ids = torch.tensor(response.token_ids)
        logps = causal_lm(input_ids=ids[None]).logits[0].log_softmax(-1)
        states = body(input_ids=ids[None]).last_hidden_state[0]
        first = max(response.prompt_tokens, 1)
        for place in range(first, len(ids)):
            figures[row, place - first, 0] = logps[place - 1, ids[place]]
            figures[row, place - first, 1] = head(states[place - 1])[0]
    return figures


def actor_critic(tiny_model, layout="auto", critic=None):
    made = ActorCritic(copy.deepcopy(tiny_model.causal_lm), critic, layout)
    torch.manual_seed(0)
    torch.nn.init.normal_(made.head.weight)
    return made


@pytest.mark.parametrize("layout", ["packed", "padded"])
def test_a_slow_reference(tiny_model, responses, batch, layout):
    model = actor_critic(tiny_model, layout)
    expected = slowly(model.policy, model.policy.base_model, model.head, responses)
    torch.testing.assert_close(model(batch, WIDTH), expected, atol=1e-5, rtol=1e-4)
    assert expected[:, :, 0].count_nonzero() == sum(response.response_tokens for response in responses)


def test_a_critic_of_its_own_reads_its_own_states(tiny_model, responses, batch):
    critic = copy.deepcopy(tiny_model.body)
    with torch.no_grad():
        critic.embed_tokens.weight += 0.1
    model = actor_critic(tiny_model, critic=critic)
    expected = slowly(model.policy, critic, model.head, responses)
    torch.testing.assert_close(model(batch, WIDTH), expected, atol=1e-5, rtol=1e-4)


def test_nothing_is_expected_at_first(tiny_model, batch):
    assert not ActorCritic(copy.deepcopy(tiny_model.causal_lm), None, "auto")(batch, WIDTH)[..., 1].any()


def test_log_probabilities_sum_to_those_of_the_response(tiny_model, batch):
    likelihood = Likelihood(tiny_model.causal_lm, "auto")
    by_token = response_logprobs(likelihood, batch, WIDTH)
    torch.testing.assert_close(by_token.sum(1), likelihood.response(batch))


def test_gradients_of_both_figures_reach_the_body(tiny_model, batch):
    model = actor_critic(tiny_model)
    weight = model.policy.base_model.layers[0].mlp.up_proj.weight
    for figure in (0, 1):
        model.zero_grad()
        model(batch, WIDTH)[..., figure].sum().backward()
        assert weight.grad.abs().sum() > 0
