"""Own tokens and shared starts apart, merged by their log-sum-exp, against one dense mask in float64."""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F

from rmexp.encoding.pack import response_batch
from rmexp.encoding.tokens import ResponseTokens
from rmexp.models.attention.attention_plan import dense_mask
from rmexp.models.attention.merged_attention import MergedAttention, merged_plan


class DenseKernel:
    """What the flash kernel computes, stretch by stretch, with every score held."""

    def _stretches(self, along):
        bounds = zip(along.queries.tolist(), along.keys.tolist(), strict=True)
        for (query, key), (query_end, key_end) in pairwise(bounds):
            assert key_end > key, "a stretch without keys: kernels give anything for it"
            yield slice(query, query_end), slice(key, key_end)

    def _scores(self, query, key, rows, seen, along, scaling):
        keys = key[seen].repeat_interleave(query.shape[1] // key.shape[1], dim=1)
        scores = torch.einsum("qhd,khd->hqk", query[rows], keys) * scaling
        if along.causal:
            hidden = torch.ones(scores.shape[1:], dtype=torch.bool).triu(scores.shape[2] - scores.shape[1] + 1)
            scores = scores.masked_fill(hidden, -torch.inf)
        return scores, keys

    def forward(self, query, key, value, along, scaling):
        output, lse = torch.empty_like(query), query.new_empty(query.shape[1], len(query))
        for rows, seen in self._stretches(along):
            scores, _ = self._scores(query, key, rows, seen, along, scaling)
            values = value[seen].repeat_interleave(query.shape[1] // key.shape[1], dim=1)
            output[rows] = torch.einsum("hqk,khd->qhd", scores.softmax(-1), values)
            lse[:, rows] = scores.logsumexp(-1)
        return output, lse

    def backward(self, gradient, qkv, output, lse, along, scaling):
        query, key, value = qkv
        of_query, of_key, of_value = (torch.zeros_like(part) for part in qkv)
        times = query.shape[1] // key.shape[1]
        for rows, seen in self._stretches(along):
            scores, keys = self._scores(query, key, rows, seen, along, scaling)
            probabilities = (scores - lse[:, rows, None]).exp()
            values = value[seen].repeat_interleave(times, dim=1)
            inner = torch.einsum("qhd,khd->hqk", gradient[rows], values)
            inner = probabilities * (inner - (gradient[rows] * output[rows]).sum(-1).T[..., None]) * scaling
            of_query[rows] = torch.einsum("hqk,khd->qhd", inner, keys)
            for total, part in (
                (of_key, torch.einsum("hqk,qhd->khd", inner, query[rows])),
                (of_value, torch.einsum("hqk,qhd->khd", probabilities, gradient[rows])),
            ):
                total[seen] += part.unflatten(1, (-1, times)).sum(2)
        return of_query, of_key, of_value


def drawn(seed):
    """Responses that share starts of many lengths, none among them, in a row."""
    generator = torch.Generator().manual_seed(seed)

    def ids(most, least=0):
        count = int(torch.randint(least, most + 1, (), generator=generator))
        return torch.randint(5, 10**6, (count,), generator=generator).tolist()

    texts = []
    for _ in range(4):
        start = ids(9)
        texts += [start + ids(7, 1) for _ in range(1 + seed % 3)]
    return response_batch([ResponseTokens(tuple(text), 0, False) for text in texts])


@pytest.mark.parametrize("some", [False, True])
@pytest.mark.parametrize("heads", [(2, 2), (4, 2), (3, 1)])
@pytest.mark.parametrize("seed", range(6))
def test_values_and_gradients_are_those_of_the_dense_mask(seed, heads, some):
    batch, generator = drawn(seed), torch.Generator().manual_seed(seed)
    tokens = len(batch.token_ids)
    rows = batch.last_tokens.unique() if some else torch.arange(tokens)
    sizes = ((heads[0], len(rows)), (heads[1], tokens), (heads[1], tokens), (heads[0], len(rows)))
    *inputs, outer = (torch.randn(*size, 8, dtype=torch.float64, generator=generator) for size in sizes)
    query, key, value = (tensor.requires_grad_() for tensor in inputs)
    plan = merged_plan(batch, rows if some else None, DenseKernel())
    found = MergedAttention.apply(query, key, value, plan, 0.3)
    served = (tensor.repeat_interleave(heads[0] // heads[1], dim=0) for tensor in (key, value))
    expected = F.scaled_dot_product_attention(query, *served, attn_mask=dense_mask(batch)[rows], scale=0.3)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
    gradients = (torch.autograd.grad(output, (query, key, value), outer) for output in (found, expected))
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-11)


def test_a_row_that_shares_nothing_is_one_attention():
    batch = response_batch([ResponseTokens((5, 6, 7), 0, False), ResponseTokens((8, 9), 0, False)])
    plan = merged_plan(batch, None, DenseKernel())
    assert plan.shared is None
    assert plan.own.queries.tolist() == [0, 2, 5] or plan.own.queries.tolist() == [0, 3, 5]
