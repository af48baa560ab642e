import torch

from rmexp.training.ppo.token_pass import token_figures


def test_no_responses_have_no_figures():
    found = token_figures(None, None, [], torch.device("cpu"), None)
    assert [part.shape for part in found] == [(0, 0)] * 4
    assert found.divergences.shape == (0,)
