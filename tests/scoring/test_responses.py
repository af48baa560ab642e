from dataclasses import replace

import pytest
import torch
from torch import nn

from rmexp.encoding.encode import Encoder
from rmexp.encoding.tokens import ResponseTokens
from rmexp.records import Candidates, Preference, Scored
from rmexp.scoring import responses
from rmexp.scoring.responses import compute, compute_read, scored_records

RECORDS = (Preference("p", "a", "It is long."), Candidates("q", ("x" * 40, "a", "a")), Preference("p", "a", "b"))
RESPONSES = [ResponseTokens(ids, 1, False) for ids in ((5, 6, 2), (5, 2), (5, 6, 7, 8, 2), (5, 2), (6, 2), (5, 6, 2))]


class Recorder(nn.Module):
    """Sums the ids of each row, and remembers what it was asked."""

    def __init__(self):
        super().__init__()
        self.weight, self.batches = nn.Parameter(torch.ones(1)), []

    def forward(self, batch):
        self.batches.append(batch)
        ids = batch.token_ids[batch.places()]
        return (ids * (torch.arange(ids.shape[1]) < batch.lengths[:, None])).sum(1) * self.weight


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("max_tokens", [1, 6, 1000])
def test_figures_come_in_the_order_of_the_responses_whatever_the_batches(max_tokens, packed, monkeypatch):
    monkeypatch.setattr("rmexp.scoring.responses.MOST_TOKENS", max_tokens)
    model = Recorder().train()
    figures = compute(model, model, RESPONSES, packed=packed)
    assert figures == [[float(sum(response.token_ids))] for response in RESPONSES]
    assert sum(len(batch.lengths) for batch in model.batches) == len(set(RESPONSES))  # equal ones once
    assert not model.training


@pytest.mark.parametrize("max_tokens", [1, 1000])
def test_weights_are_laid_out_where_several_batches_need_them(max_tokens, monkeypatch):
    contexts, laid_out = [], responses.laid_out
    monkeypatch.setattr(responses, "laid_out", lambda model: contexts.append(model) or laid_out(model))
    monkeypatch.setattr(responses, "MOST_TOKENS", max_tokens)
    model = Recorder()
    compute(model, model, RESPONSES, packed=True)
    assert contexts == ([model] if len(model.batches) > 1 else [])
    assert (len(model.batches) > 1) == (max_tokens == 1)


def test_several_figures_each_and_none_with_a_graph():
    model, graphs = Recorder(), []

    def both(batch):
        sums = model(batch)
        graphs.append(sums.requires_grad)
        return torch.stack([sums, -sums], 1)

    assert compute(model, both, RESPONSES[:2], packed=True) == [[13.0, -13.0], [7.0, -7.0]]
    assert graphs == [False]


def test_no_responses_are_no_figures():
    model = Recorder()
    assert compute(model, model, [], packed=True) == []


@pytest.mark.parametrize("truncation", ["drop", "cut_prompt", "cut_response"])
def test_only_dropping_leaves_a_response_out(tokenizer, limits, truncation):
    responses = Encoder(tokenizer, replace(limits, max_tokens=12, truncation=truncation)).encode_records(RECORDS)
    if truncation == "drop":
        assert [response is None for response in responses] == [False, False, True, False, False, False, False]
    else:
        assert [response.truncated for response in responses] == [False, False, True, False, False, False, False]
    assert all(len(response.token_ids) <= 12 for response in responses if response is not None)


def test_scores_are_put_together_by_record(tokenizer, limits):
    responses = Encoder(tokenizer, replace(limits, max_tokens=12)).encode_records(RECORDS)
    scored = list(scored_records(RECORDS, responses, range(7)))
    assert [row.id for row in scored] == [record.id for record in RECORDS]
    assert [row.scores for row in scored] == [(0, 1), (2, 3, 4), (5, 6)]
    assert [row.truncated for row in scored] == [(False, False), (True, False, False), (False, False)]
    assert [length for row in scored for length in row.tokens] == [len(response.token_ids) for response in responses]
    with pytest.raises(ValueError, match="shorter"):
        list(scored_records(RECORDS, responses, range(6)))
    with pytest.raises(ValueError, match="expected 7 responses of 2 records"):
        list(scored_records(RECORDS[:2], responses, range(7)))


def test_what_is_not_read_has_no_figures():
    model = Recorder()
    figures = compute_read(model, model, [RESPONSES[0], None, RESPONSES[1]], packed=True)
    assert figures == [[13.0], None, [7.0]]
    records = [Candidates("p", ("a", "b")), Candidates("q", ("c",))]
    first, second = scored_records(records, [RESPONSES[0], None, RESPONSES[1]], [13.0, None, 7.0])
    assert first == Scored(records[0].id, (13.0, None), (len(RESPONSES[0].token_ids), 0), (False, False))
    assert second.scores == (7.0,)
