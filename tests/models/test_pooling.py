import pytest
import torch

from rmexp.models.pooling import POOLINGS, own_tokens, pooled

LENGTHS = torch.tensor([4, 1, 3])
HIDDEN = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("pooling", POOLINGS)
def test_one_sequence_after_the_other(pooling):
    read = {"mean": lambda own: own.mean(0), "first_token": lambda own: own[0], "last_token": lambda own: own[-1]}
    expected = [read[pooling](hidden[:length]) for hidden, length in zip(HIDDEN, LENGTHS, strict=True)]
    torch.testing.assert_close(pooled(HIDDEN, LENGTHS, pooling), torch.stack(expected))


@pytest.mark.parametrize("pooling", POOLINGS)
def test_what_stands_in_the_padding_changes_nothing(pooling):
    padded = torch.where(own_tokens(LENGTHS, 4)[..., None], HIDDEN, torch.inf)
    assert torch.equal(pooled(padded, LENGTHS, pooling), pooled(HIDDEN, LENGTHS, pooling))


def test_an_unknown_pooling_is_one_sentence():
    with pytest.raises(ValueError, match=r"model.pooling must be one of mean, first_token, last_token, got max"):
        pooled(HIDDEN, LENGTHS, "max")
