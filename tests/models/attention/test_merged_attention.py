"""Own tokens and shared starts apart, merged by their log-sum-exp, against one dense mask in float64."""

import pytest
import torch
import torch.nn.functional as F
from tests.support.dense_kernel import DenseKernel

from rmexp.encoding.pack import response_batch
from rmexp.encoding.tokens import ResponseTokens
from rmexp.models.attention.attention_plan import dense_mask
from rmexp.models.attention.merged_attention import MergedAttention, merged_plan


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
