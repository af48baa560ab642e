"""Tiles against one dense mask, and the mask against the definition of who sees whom."""

import pytest
import torch
import torch.nn.functional as F

from rmexp.encoding.pack import response_batch
from rmexp.encoding.tokens import ResponseTokens
from rmexp.models.attention.attention_plan import TILE, Heads, attention_plan, dense_mask, segments
from rmexp.models.attention.packed_attention import AttentionPlans, packed_attention

CASES = {  # (tokens of the prompt, tokens of each response to it)
    "pairs": [(7, 5, 3), (2, 1, 1), (9, 4, 30)],
    "nothing shared": [(0, 5), (0, 1), (0, 17)],
    "many responses": [(30, *range(1, 12))],
    "longer than a tile": [(TILE + 40, 20, TILE + 3), (3, 2 * TILE, 5), (5, 1)],
    "at the edge of tiles": [(TILE - 10, 10, 10), (TILE, 1, TILE), (1, TILE - 1, 1)],
    "one token": [(0, 1)],
}


def rows(groups):
    generator = torch.Generator().manual_seed(len(groups))
    texts = []
    for prompt, *responses in groups:
        start = torch.randint(5, 10**6, (prompt,), generator=generator).tolist()
        texts += [start + torch.randint(5, 10**6, (count,), generator=generator).tolist() for count in responses]
    return response_batch([ResponseTokens(tuple(text), 0, False) for text in texts])


@pytest.mark.parametrize("window", [None, 1, 6])
def test_a_token_sees_the_tokens_before_it_in_its_response(window):
    batch = rows(CASES["pairs"])
    expected = torch.zeros(len(batch.token_ids), len(batch.token_ids), dtype=torch.bool)
    for places, length in zip(batch.places().tolist(), batch.lengths.tolist(), strict=True):
        for position in range(length):
            first = 0 if window is None else max(0, position + 1 - window)
            expected[places[position], places[first : position + 1]] = True
    assert torch.equal(dense_mask(batch, window), expected)


@pytest.mark.parametrize("name", CASES)
def test_segments_cover_the_row_in_order(name):
    batch = rows(CASES[name])
    row = segments(batch)
    assert [part.start for part in row[1:]] == [part.end for part in row[:-1]]
    assert (row[0].start, row[-1].end) == (0, len(batch.token_ids))


@pytest.mark.parametrize("window", [None, 5])
@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_are_those_of_the_dense_mask(name, window):
    batch = rows(CASES[name])
    tokens, generator = len(batch.token_ids), torch.Generator().manual_seed(0)
    query, key, value, outer = (torch.randn(heads, tokens, 8, generator=generator) for heads in (4, 2, 2, 4))
    inputs = [tensor.requires_grad_() for tensor in (query, key, value)]
    found = packed_attention(*inputs, AttentionPlans(batch, tokens).within(window, query, key), 0.3)
    shared = (tensor.repeat_interleave(2, dim=0) for tensor in inputs[1:])  # a key head serves two query heads
    expected = F.scaled_dot_product_attention(query, *shared, attn_mask=dense_mask(batch, window), scale=0.3)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    gradients = (torch.autograd.grad(output, inputs, outer) for output in (found, expected))
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_some_queries_alone_and_fillers_behind_them(name):
    batch = rows(CASES[name])
    tokens, generator = len(batch.token_ids), torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(2, tokens, 8, generator=generator) for _ in range(3))
    whole = packed_attention(query, key, value, attention_plan(batch, Heads(2, 2), tokens), 0.3)
    wanted = batch.last_tokens.unique()
    filled = F.pad(query[:, wanted], (0, 0, 0, 3), value=9.0).requires_grad_()
    found = packed_attention(filled, key, value, attention_plan(batch, Heads(2, 2), tokens, wanted, fillers=3), 0.3)
    torch.testing.assert_close(found[:, :-3], whole[:, wanted], rtol=1e-5, atol=1e-5)
    assert not found[:, -3:].any()
    (gradient,) = torch.autograd.grad(found.sum(), filled)
    assert not gradient[:, -3:].any()


def test_most_of_the_row_is_never_looked_at():
    batch = rows([(60, 30, 30)] * 40)
    tokens = len(batch.token_ids)
    computed = sum(group.mask.numel() for group in attention_plan(batch, Heads(4, 2), tokens).groups)
    assert computed < 0.05 * tokens**2


def test_a_window_that_reaches_over_everything_is_none():
    batch = rows(CASES["pairs"])
    plans, query = AttentionPlans(batch, len(batch.token_ids)), torch.zeros(1, len(batch.token_ids), 8)
    assert plans.within(1000, query, query) is plans.within(None, query, query)
    assert plans.within(3, query, query) is not plans.within(None, query, query)


@pytest.mark.parametrize("name", ["longer than a tile", "pairs"])
def test_numbers_of_five_bits_of_exponent_hide_what_they_hide(name):
    """The lowest of them is far above what hides a key in others, and queries that fill up a tile see none."""
    batch = rows(CASES[name])
    tokens, generator, results = len(batch.token_ids), torch.Generator().manual_seed(0), []
    drawn = [torch.randn(heads, tokens, 16, generator=generator) for heads in (4, 2, 2, 4)]
    for dtype in (torch.float16, torch.float64):
        *inputs, outer = (part.half().to(dtype).requires_grad_() for part in drawn)
        found = packed_attention(*inputs, AttentionPlans(batch, tokens).within(5, *inputs[:2]), 0.3)
        results.append([found.detach(), *torch.autograd.grad(found, inputs, outer)])
    for found, expected in zip(*results, strict=True):
        assert (found.double() - expected).norm() < 0.01 * expected.norm()
