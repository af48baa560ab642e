from dataclasses import replace

import pytest
import torch
from torch import nn

from rmexp.data.encode import ResponseTokens
from rmexp.records import Candidates, Preference
from rmexp.scoring.responses import compute, encode_records, scored_records, scoring_encoder

RECORDS = (Preference("p", "a", "It is long."), Candidates("q", ("x" * 40, "a", "a")), Preference("p", "a", "b"))
RESPONSES = [ResponseTokens(ids, 1, False) for ids in ((5, 6, 2), (5, 2), (5, 6, 7, 8, 2), (5, 2), (6, 2), (5, 6, 2))]


class Recorder(nn.Module):
    """Sums the ids of each row, and remembers what it was asked."""

    def __init__(self):
        super().__init__()
        self.weight, self.batches = nn.Parameter(torch.ones(1)), []

    def forward(self, batch):
        self.batches.append(batch)
        real = torch.arange(batch.token_ids.shape[1]) < batch.lengths[:, None]
        return (batch.token_ids * real).sum(1) * self.weight


@pytest.mark.parametrize("batch_responses", [1, 2, 3, 100])
def test_figures_come_in_the_order_of_the_responses_whatever_the_batches(batch_responses):
    model = Recorder().train()
    figures = compute(model, model, RESPONSES, batch_responses)
    assert figures == [[float(sum(response.token_ids))] for response in RESPONSES]
    assert max(len(batch.lengths) for batch in model.batches) <= batch_responses
    assert not model.training


def test_equal_responses_are_computed_once_and_batches_are_of_like_length():
    model = Recorder()
    compute(model, model, RESPONSES, 2)
    assert [batch.lengths.tolist() for batch in model.batches] == [[2, 2], [3, 5]]


def test_several_figures_each_and_none_with_a_graph():
    model, graphs = Recorder(), []

    def both(batch):
        sums = model(batch)
        graphs.append(sums.requires_grad)
        return torch.stack([sums, -sums], 1)

    assert compute(model, both, RESPONSES[:2], 4) == [[13.0, -13.0], [7.0, -7.0]]
    assert graphs == [False]


def test_no_responses_are_no_figures():
    model = Recorder()
    assert compute(model, model, [], 2) == []


@pytest.mark.parametrize("truncation", ["drop", "cut_prompt", "cut_response"])
def test_scoring_leaves_no_response_out(tokenizer, loading, truncation):
    encoder = scoring_encoder(tokenizer, replace(loading, max_tokens=12, truncation=truncation))
    responses = encode_records(encoder, RECORDS)
    assert [response.truncated for response in responses] == [False, False, True, False, False, False, False]
    assert all(len(response.token_ids) <= 12 for response in responses)
    assert encoder.loading.truncation == ("cut_prompt" if truncation == "drop" else truncation)


def test_scores_are_put_together_by_record(tokenizer, loading):
    responses = encode_records(scoring_encoder(tokenizer, replace(loading, max_tokens=12)), RECORDS)
    scored = scored_records(RECORDS, responses, range(7))
    assert [row.id for row in scored] == [record.id for record in RECORDS]
    assert [row.scores for row in scored] == [(0, 1), (2, 3, 4), (5, 6)]
    assert [row.truncated for row in scored] == [(False, False), (True, False, False), (False, False)]
    assert [length for row in scored for length in row.tokens] == [len(response.token_ids) for response in responses]
    with pytest.raises(ValueError, match="shorter"):
        scored_records(RECORDS, responses, range(6))
