import pytest
import torch

from rmexp.encoding.pack import batches_of_tokens, distinct_responses, pair_batch, pairing, response_batch
from rmexp.encoding.tokens import PairTokens, ResponseTokens

LONG, SHORT = ResponseTokens((5, 6, 7, 0, 2), 2, False), ResponseTokens((5, 2), 1, True)
OTHER = ResponseTokens((5, 8, 2), 1, False)
# Three responses in four pairs, as of one prompt with all its comparisons.
COMPARED = [
    PairTokens(LONG, SHORT, 1.0, (-1.0, -2.0)),
    PairTokens(SHORT, OTHER, 0.25, (-2.0, -3.0)),
    PairTokens(OTHER, LONG, 1.0, (-3.0, -1.0)),
    PairTokens(LONG, SHORT, 0.0, (-1.0, -2.0)),
]


def test_what_responses_share_stands_once_and_every_token_has_its_position():
    batch = response_batch([SHORT, LONG, OTHER, ResponseTokens((5, 6, 7, 9), 2, False)])
    assert batch.token_ids.tolist() == [5, 2, 5, 6, 7, 0, 2, 9, 5, 8, 2]
    assert batch.position_ids.tolist() == [0, 1, 0, 1, 2, 3, 4, 3, 0, 1, 2]
    assert batch.lengths.tolist() == [2, 5, 3, 4]
    assert batch.prompt_lengths.tolist() == [1, 2, 1, 2]
    assert batch.shared_lengths.tolist() == [0, 3, 0, 3]
    assert batch.last_tokens.tolist() == [1, 6, 10, 7]
    assert batch.response_tokens.tolist() == [1, 3, 2, 2]
    assert all(field.dtype == torch.int64 for field in batch)
    assert batch.size == 4


def test_the_places_of_a_response_spell_it():
    responses = [LONG, SHORT, OTHER, LONG, ResponseTokens((5, 6, 7, 0), 2, False), ResponseTokens((4,), 0, False)]
    batch = response_batch(responses)
    spelled = batch.token_ids[batch.places()]
    positions = batch.position_ids[batch.places()]
    for row, response in enumerate(responses):
        assert tuple(spelled[row, : len(response.token_ids)].tolist()) == response.token_ids
        assert positions[row, : len(response.token_ids)].tolist() == [*range(len(response.token_ids))]


def test_without_a_prompt_nothing_predicts_the_first_token():
    assert response_batch([ResponseTokens((5, 6, 2), 0, False)]).response_tokens.tolist() == [2]


def test_pairs_that_share_nothing_are_all_chosen_then_all_rejected():
    batch = pair_batch([PairTokens(LONG, SHORT, 1.0), PairTokens(OTHER, ResponseTokens((9, 2), 1, False), 0.25)])
    assert batch.responses.lengths.tolist() == [5, 3, 2, 2]
    assert batch.pairing.rows.tolist() == [0, 1, 2, 3]
    assert batch.pairing.target.tolist() == [1.0, 0.25]
    assert batch.pairing.reference_logps is None
    assert batch.size == 2


def test_a_response_of_several_pairs_is_in_the_batch_once():
    batch = pair_batch(COMPARED)
    assert batch.responses.lengths.tolist() == [5, 2, 3]
    chosen, rejected = batch.pairing.sides(batch.responses.lengths)
    assert chosen.tolist() == [len(pair.chosen.token_ids) for pair in COMPARED]
    assert rejected.tolist() == [len(pair.rejected.token_ids) for pair in COMPARED]
    assert batch.pairing.reference_logps.tolist() == [-1.0, -2.0, -3.0, -1.0, -2.0, -3.0, -1.0, -2.0]
    assert batch.size == 4


def test_reference_figures_are_all_there_or_none():
    batch = pair_batch([PairTokens(LONG, SHORT, 1.0, (-1.0, -2.0)), PairTokens(SHORT, LONG, 1.0)])
    assert batch.pairing.reference_logps is None


def test_margins_are_all_there_or_none():
    known = [PairTokens(LONG, SHORT, 1.0, margin=2.0), PairTokens(SHORT, OTHER, 0.5, margin=0.0)]
    assert pair_batch(known).pairing.margin.tolist() == [2.0, 0.0]
    assert pair_batch([*known, PairTokens(OTHER, LONG, 1.0)]).pairing.margin is None


def test_tokens_of_each_side_are_those_that_its_log_probability_sums():
    batch = pair_batch(COMPARED)
    chosen, rejected = batch.pairing.sides(batch.responses.response_tokens)
    assert batch.pairing.response_tokens.tolist() == [*chosen.tolist(), *rejected.tolist()]


def test_pairs_find_their_responses_in_any_order_of_them():
    ordered = [SHORT, OTHER, LONG]
    assert set(ordered) == set(distinct_responses(COMPARED))
    assert pairing(COMPARED, ordered).rows.tolist() == [2, 0, 1, 2, 0, 1, 2, 0]


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("max_tokens", [1, 6, 12, 1000])
def test_batches_hold_every_response_within_the_limit(packed, max_tokens):
    responses = [ResponseTokens((*range(5, 5 + length), last), 1, False) for length in (1, 7, 3, 3) for last in (2, 3)]
    batches = batches_of_tokens([*responses, responses[0]], max_tokens, packed=packed)
    assert sorted(row.token_ids for batch in batches for row in batch) == sorted(
        row.token_ids for row in [*responses, responses[0]]
    )
    for batch in batches:
        padded = len(batch) * max(len(row.token_ids) for row in batch)
        assert len(batch) == 1 or (len(response_batch(batch).token_ids) if packed else padded) <= max_tokens
    firsts = [batch[0] for batch in batches]
    key = (lambda row: row.token_ids) if packed else (lambda row: len(row.token_ids))
    assert firsts == sorted(firsts, key=key)


def test_a_prompt_counts_once_for_its_responses():
    pool = [ResponseTokens((*range(5, 105), own, 2), 100, False) for own in range(3, 23)]
    [batch] = batches_of_tokens(pool, 140, packed=True)
    assert len(response_batch(batch).token_ids) == 140
    assert len(batches_of_tokens(pool, 139, packed=True)) == 2
    assert len(batches_of_tokens(pool, 140, packed=False)) == 20
