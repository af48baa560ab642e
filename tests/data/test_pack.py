import torch

from rmexp.data.encode import PairTokens, ResponseTokens
from rmexp.data.pack import pair_batch, response_batch

LONG, SHORT = ResponseTokens((5, 6, 7, 0, 2), 2, False), ResponseTokens((5, 2), 1, True)


def test_padding_is_on_the_right_and_lengths_tell_it():
    batch = response_batch([SHORT, LONG])
    assert batch.token_ids.tolist() == [[5, 2, 0, 0, 0], [5, 6, 7, 0, 2]]
    assert batch.lengths.tolist() == [2, 5]
    assert batch.prompt_lengths.tolist() == [1, 2]
    assert batch.response_tokens.tolist() == [1, 3]
    assert batch.token_ids.dtype == batch.lengths.dtype == batch.prompt_lengths.dtype == torch.int64


def test_without_a_prompt_nothing_predicts_the_first_token():
    assert response_batch([ResponseTokens((5, 6, 2), 0, False)]).response_tokens.tolist() == [2]


def test_pairs_are_all_chosen_then_all_rejected():
    batch = pair_batch([PairTokens(LONG, SHORT, 1.0, (-1.0, -2.0)), PairTokens(SHORT, LONG, 0.25, (-3.0, -4.0))])
    assert batch.pairs == 2
    assert batch.responses.lengths.tolist() == [5, 2, 2, 5]
    assert batch.target.tolist() == [1.0, 0.25]
    assert batch.reference_logps.tolist() == [-1.0, -3.0, -2.0, -4.0]


def test_reference_figures_are_all_there_or_none():
    assert (
        pair_batch([PairTokens(LONG, SHORT, 1.0, (-1.0, -2.0)), PairTokens(SHORT, LONG, 1.0)]).reference_logps is None
    )
