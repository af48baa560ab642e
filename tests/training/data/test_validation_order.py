"""Responses are validated as those are computed that were put together first: the same ones, batches and pairs."""

from itertools import product

import numpy as np
import pytest
import torch

from rmexp.data.loading import Limits
from rmexp.encoding.encode import Encoder
from rmexp.encoding.pack import batches_of_tokens, distinct_responses, pairing
from rmexp.encoding.splits import encode_pairs
from rmexp.records import Preference
from rmexp.training.data.fixed_batches import FixedBatches
from rmexp.training.data.validation_order import validation_order

TEXTS = ["Yes.", "Yes. ", "No, never, for many reasons, and for others.", "It depends.", "é好🙂", "long " * 20]
PROMPTS = ["Question?", "Question? Yes", "", "long " * 20]
RECORDS = [
    Preference(prompt, chosen, rejected, target=target, margin=1.5 * target)
    for (prompt, chosen, rejected), target in zip(product(PROMPTS, TEXTS, TEXTS), np.linspace(0, 1, 144), strict=True)
    if chosen != rejected
]


@pytest.fixture(params=[16, 24, 512])
def encoded(request, tokenizer):
    return encode_pairs(RECORDS, Encoder(tokenizer, Limits(request.param, "cut_prompt", None, 4)))[0]


@pytest.mark.parametrize("packed", [True, False])
def test_it_is_that_of_the_responses_themselves(encoded, packed):
    expected = batches_of_tokens(distinct_responses(encoded), 60, packed=packed)
    order = validation_order(encoded, packed=packed)
    found = [encoded.responses.read(places) for places in order.batches(60, packed=packed)]
    assert found == expected
    assert len(expected) > 3
    rows = [response for batch in expected for response in batch]
    for mine, theirs in zip(order.pairing(encoded), pairing(encoded, rows), strict=True):
        assert mine is theirs is None or torch.equal(mine, theirs)
        assert mine is None or mine.dtype == theirs.dtype


def test_a_batch_is_made_when_it_is_computed_and_once():
    made = []
    batches = FixedBatches([lambda number=number: made.append(number) or number for number in range(3)])
    assert len(batches) == 3
    first = iter(batches)
    assert next(first) == 0
    assert made == [0]
    assert list(batches) == list(batches) == [0, 1, 2]
    assert made == [0, 1, 2]
