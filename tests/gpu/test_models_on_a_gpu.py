"""Rewards, log-probabilities and gradients of a CUDA device: run by `make test-gpu` or benchmarks/gpu.sh."""

import copy

import pytest
import torch
import transformers
from tests.gpu.device import DEVICE, marks, of_a_gpu
from tests.programs.families import ALL
from transformers import AutoModelForCausalLM

from rmexp.encoding.pack import response_batch
from rmexp.encoding.tokens import ResponseTokens
from rmexp.models.attention import choose
from rmexp.models.attention.packed_attention import AttentionPlans, packed_attention
from rmexp.models.backbones.four_bit import FourBitLinear
from rmexp.models.likelihood import Likelihood
from rmexp.models.reward_model import RewardModel

pytestmark = marks
FAMILIES = (
    "Llama",
    "Qwen 2",
    "Qwen 3",
    "Mistral",
    "Phi 3",
    "OLMo 2",
    "SmolLM 3",
    "Gemma 3, text",
    "GPT-NeoX",
    "Granite",
)
TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 5e-2, torch.float16: 1e-2}  # of the norm


@pytest.fixture(scope="module")
def shared():
    """Three prompts with two, three and one responses."""
    generator = torch.Generator().manual_seed(0)

    def ids(count):
        return tuple(torch.randint(6, 260, (count,), generator=generator).tolist())

    found = []
    for prompt, counts in ((19, (5, 40)), (3, (1, 2, 7)), (0, (12,))):
        start = ids(prompt)
        found += [ResponseTokens(start + ids(count), prompt, False) for count in counts]
    return response_batch(found).to(DEVICE)


def assert_near(found, expected, dtype):
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours.double() - theirs.double()).norm() <= TOLERANCE[dtype] * theirs.double().norm()


def gradient_of(model):
    return torch.cat([weights.grad.flatten().float() for weights in model.parameters() if weights.grad is not None])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("family", FAMILIES)
def test_rewards_and_log_probabilities_are_those_of_transformers(family, dtype, shared):
    """With their gradients, in packed rows and in padded ones, of the same weights."""
    torch.manual_seed(0)
    kind, sizes = ALL[family]
    causal_lm = AutoModelForCausalLM.from_config(getattr(transformers, kind)(**sizes)).eval().to(DEVICE, dtype)
    found = {}
    for layout in ("auto", "padded"):
        torch.manual_seed(0)
        policy = copy.deepcopy(causal_lm)
        logps = Likelihood(policy, layout).response(shared)
        logps.sum().backward()
        model = RewardModel(copy.deepcopy(causal_lm.base_model), layout=layout).to(DEVICE)
        rewards = model(shared)
        rewards.square().sum().backward()
        found[layout] = rewards.detach(), logps.detach(), gradient_of(model), gradient_of(policy)
    assert_near(found["auto"], found["padded"], dtype)


@pytest.mark.parametrize("window", [None, 5])
@pytest.mark.parametrize("heads", [(4, 4), (4, 2), (8, 1)])
@pytest.mark.parametrize("width", [16, 64, 128, 256])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_attention_and_its_gradient_are_those_of_the_processor(dtype, width, heads, window, shared):
    here, results = shared.to("cpu"), []
    tokens, generator = len(here.token_ids), torch.Generator().manual_seed(0)
    drawn = [torch.randn(count, tokens, width, generator=generator).to(dtype) for count in (*heads, heads[1], heads[0])]
    for batch, numbers in ((shared, dtype), (here, torch.float64)):
        *inputs, outer = (part.to(batch.device, numbers).requires_grad_() for part in drawn)
        plan = AttentionPlans(batch, tokens).within(window, *inputs[:2])
        found = packed_attention(*inputs, plan, width**-0.5)
        results.append([part.detach().cpu() for part in (found, *torch.autograd.grad(found, inputs, outer))])
    assert_near(*results, dtype)


@of_a_gpu
@pytest.mark.parametrize("width", [8, 64, 128, 256])
def test_the_flash_kernel_serves(width):
    """On what is new enough for it; anything else is said, and no failure."""
    reason = choose.no_flash("cuda", torch.bfloat16, width, None)
    if reason is not None:
        pytest.skip(reason)
    assert choose._failure(torch.device("cuda:0"), torch.bfloat16, width) is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_layer_in_4_bits_computes_as_a_plain_one_with_its_weights(dtype):
    pytest.importorskip("bitsandbytes", reason="bitsandbytes is large: the extra 4bit")
    torch.manual_seed(0)
    layer = FourBitLinear(torch.nn.Linear(96, 33).to(dtype), dtype).to(DEVICE)
    assert torch.equal(layer.weight.cpu(), layer.cpu().weight)  # on either device the same numbers
    layer, hidden = layer.to(DEVICE), torch.randn(5, 96, device=DEVICE, dtype=dtype, requires_grad=True)
    for found, expected in zip(*(_output_and_gradient(one, hidden) for one in (layer, layer.plain())), strict=True):
        torch.testing.assert_close(found, expected)


def _output_and_gradient(layer, hidden):
    output = layer(hidden)
    return output, torch.autograd.grad(output.float().square().sum(), hidden)[0]
