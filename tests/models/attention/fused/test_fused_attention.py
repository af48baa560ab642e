"""The fused kernel against one dense mask in float64, by matrix units and by vectors."""

import pytest
import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

from rmexp.encoding.pack import response_batch
from rmexp.encoding.tokens import ResponseTokens
from rmexp.models.attention import agreement as dense_agreement
from rmexp.models.attention.attention_plan import dense_mask
from rmexp.models.attention.choose import attention_kind
from rmexp.models.attention.fused import agreement, attention
from rmexp.models.attention.packed_attention import AttentionPlans, packed_attention
from rmexp.models.attention.rotary import Angles, Rotary

ROUNDING = {torch.bfloat16: 0.01, torch.float32: 5e-6}  # of the norm; an operand of bfloat16 rounds to 0.004
TURNED = {torch.bfloat16: 0.014, torch.float32: 5e-6}  # what is turned is rounded once more
CASES = {  # (tokens of the prompt, tokens of each response to it)
    "pairs": [(7, 5, 3), (2, 1, 1), (9, 4, 30)],
    "nothing shared": [(0, 5), (0, 1), (0, 17), (0, 90)],
    "many responses": [(30, *range(1, 12))],
    "at the edge of blocks": [(31, 32, 33), (32, 31, 1), (33, 64, 65), (64, 1, 32)],
    "long": [(250, 100, 70), (140, 300)],
    "one token": [(0, 1)],
}


def row(groups):
    generator = torch.Generator().manual_seed(len(groups))

    def ids(count):
        return torch.randint(5, 10**6, (count,), generator=generator).tolist()

    texts = [(start, ids(count)) for prompt, *counts in groups for start in [ids(prompt)] for count in counts]
    return response_batch([ResponseTokens((*start, *text), 0, False) for start, text in texts])


def turned(heads, angles):
    """The halves of heads as complex numbers, times those of the angles."""
    both = torch.complex(*heads.chunk(2, dim=-1)) * torch.polar(torch.ones_like(angles), angles)
    return torch.cat((both.real, both.imag), dim=-1)


def results(batch, heads, width, dtype, *, window=None, queries=None, fillers=0, turning=False):
    """Output and gradients of the kernels, and of one dense mask in float64."""
    tokens, generator = len(batch.token_ids), torch.Generator().manual_seed(width)
    wanted = torch.arange(tokens) if queries is None else queries
    shapes = (
        (heads[0], len(wanted) + fillers),
        (heads[1], tokens),
        (heads[1], tokens),
        (heads[0], len(wanted) + fillers),
    )
    *inputs, outer = (torch.randn(*shape, width, generator=generator).to(dtype) for shape in shapes)
    inputs = [tensor.requires_grad_() for tensor in inputs]
    plan = AttentionPlans(batch, tokens, queries, fillers).within(window, *inputs[:2])
    assert isinstance(plan, attention.FusedPlan)
    angles = 3 * torch.rand(tokens, width // 2, generator=generator)
    of_keys = Angles(angles.cos(), angles.sin())
    rotary = Rotary(of_keys.of(torch.cat((wanted, wanted.new_zeros(fillers)))), of_keys) if turning else None
    output = packed_attention(*inputs, plan, 0.3, rotary)
    found = [output, *torch.autograd.grad(output, inputs, outer)]
    exact = [tensor.detach().double().requires_grad_() for tensor in inputs]
    query, key, value = exact[0][:, : len(wanted)], *exact[1:]
    if turning:
        query, key = turned(query, angles.double()[wanted]), turned(key, angles.double())
    repeated = (tensor.repeat_interleave(heads[0] // heads[1], dim=0) for tensor in (key, value))
    seen = dense_mask(batch, window)[wanted]
    output = F.scaled_dot_product_attention(query, *repeated, attn_mask=seen, scale=0.3)
    return found, [output, *torch.autograd.grad(output, exact, outer[:, : len(wanted)].double())]


def off(found, expected):
    least = expected.numel() ** 0.5  # that of what is put in: gradients may cancel to nothing
    return ((found.double() - expected).norm() / expected.norm().clamp(min=least)).item()


@pytest.mark.parametrize("window", [None, 1, 6, 40])
@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_are_those_of_the_dense_mask(kernels, dtype, name, window):
    for heads, width in (((4, 2), 32), ((3, 1), 80)):
        for ours, theirs in zip(*results(row(CASES[name]), heads, width, dtype, window=window), strict=True):
            assert off(ours, theirs) < ROUNDING[dtype]


@pytest.mark.parametrize("turning", [False, True])
@pytest.mark.parametrize("width", [8, 16, 24, 64, 100, 128, 256])
def test_every_width_of_heads(kernels, dtype, width, turning):
    for ours, theirs in zip(*results(row(CASES["pairs"]), (2, 2), width, dtype, turning=turning), strict=True):
        assert off(ours, theirs) < (TURNED if turning else ROUNDING)[dtype]


@pytest.mark.parametrize("name", CASES)
def test_heads_are_turned_by_their_positions(kernels, dtype, name):
    for ours, theirs in zip(*results(row(CASES[name]), (4, 2), 40, dtype, window=30, turning=True), strict=True):
        assert off(ours, theirs) < TURNED[dtype]


@pytest.mark.parametrize("turning", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_some_queries_alone_and_fillers_behind_them(kernels, dtype, name, turning):
    batch = row(CASES[name])
    wanted = batch.last_tokens.unique()
    found, expected = results(batch, (4, 2), 16, dtype, queries=wanted, fillers=3, turning=turning)
    assert not found[0][:, -3:].any()
    assert not found[1][:, -3:].any()
    assert off(found[0][:, :-3], expected[0]) < ROUNDING[dtype]
    for ours, theirs in zip(found[1:], expected[1:], strict=True):
        assert off(ours, theirs) < ROUNDING[dtype]


def test_rows_filled_up_behind_the_last_token(kernels, dtype):
    batch = row(CASES["pairs"])
    tokens = len(batch.token_ids)
    inputs = [torch.ones(2, tokens + 5, 16, dtype=dtype, requires_grad=True) for _ in range(3)]
    output = packed_attention(*inputs, AttentionPlans(batch, tokens + 5).within(None, *inputs[:2]), 1.0)
    assert torch.equal(output[:, :tokens], torch.ones(2, tokens, 16, dtype=dtype))
    assert not output[:, tokens:].any()
    assert not any(part[:, tokens:].any() for part in torch.autograd.grad(output.sum(), inputs))


def test_scores_far_apart_neither_overflow_nor_vanish(kernels, dtype):
    batch = row([(0, 3)])
    query = torch.full((1, 3, 32), 30.0, dtype=dtype)
    key = torch.tensor([[-30.0], [30.0], [29.0]], dtype=dtype).expand(3, 32)[None]
    value = torch.tensor([[1.0], [2.0], [3.0]], dtype=dtype).expand(3, 32)[None]
    output = packed_attention(query, key, value, AttentionPlans(batch, 3).within(None, query, key), 1.0)
    assert output[0, :, 0].tolist() == [1.0, 2.0, 2.0]


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf])
@pytest.mark.parametrize("where", [0, 1, 2])
def test_what_is_no_number_is_not_hidden(kernels, dtype, where, wrong):
    inputs = [torch.ones(1, 5, 16, dtype=dtype) for _ in range(3)]
    inputs[where][0, 3] = wrong
    output = packed_attention(*inputs, AttentionPlans(row([(0, 5)]), 5).within(None, *inputs[:2]), 1.0)
    assert output[0, :3].isfinite().all() or where == 2  # a value is multiplied by the weight of 0, too
    assert not output[0, 3].isfinite().any()


def test_numbers_of_several_types_are_refused(kernels):
    query, key = torch.ones(1, 5, 16), torch.ones(1, 5, 16, dtype=torch.bfloat16)
    with pytest.raises(TypeError, match=r"of one type, got torch\.float32, torch\.bfloat16"):
        packed_attention(query, key, key, AttentionPlans(row([(0, 5)]), 5).within(None, query, query), 1.0)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_change_no_bit(kernels, dtype, threads, monkeypatch):
    expected, _ = results(row(CASES["long"]), (4, 2), 32, dtype, turning=True)
    monkeypatch.setattr(attention.torch, "get_num_threads", lambda: threads)
    found, _ = results(row(CASES["long"]), (4, 2), 32, dtype, turning=True)
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(found, expected, strict=True))


def test_both_kinds_of_numbers_take_it_and_others_do_not(dtype):
    assert attention_kind(torch.zeros(1, 1, 8, dtype=dtype), None) == "fused"
    assert attention_kind(torch.zeros(1, 1, 8, dtype=torch.float64), None) == "tiles"


def test_a_kernel_that_computes_something_else_is_noticed(monkeypatch, dtype):
    with torch.inference_mode():  # as when scores are what it is needed for first
        assert agreement.agrees(dtype)
    right = dense_agreement._dense
    monkeypatch.setattr(dense_agreement, "_dense", lambda *inputs: right(*inputs) + 0.1)
    assert not agreement.agrees(dtype)


def test_a_kernel_that_is_asked_within_a_checkpoint_leaves_nothing_in_it(dtype):
    said = []

    def layer(given):
        if not said:  # as of a model's first layer, which is computed again with the answer known
            said.append(agreement.agrees(dtype))
        return given.square()

    given = torch.ones(3, requires_grad=True)
    checkpoint(layer, given, use_reentrant=False).sum().backward()
    assert torch.equal(given.grad, torch.full((3,), 2.0))


def test_angles_of_another_width_are_refused(kernels):
    heads, angles = torch.ones(1, 5, 16), Angles(torch.ones(5, 4), torch.ones(5, 4))
    plan = AttentionPlans(row([(0, 5)]), 5).within(None, heads, heads)
    with pytest.raises(ValueError, match=r"angles of 8 figures a token for heads of 16, got 4"):
        packed_attention(heads, heads, heads, plan, 1.0, Rotary(angles, angles))
