import torch

from rmexp.models.attention.length_slices import MOST_SLICES, length_slices, slice_starts


def test_slices_hold_everything_once_with_less_padding():
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(2, 90, (48,), generator=generator) // torch.randint(1, 9, (48,), generator=generator) + 2
    slices = length_slices(lengths, "cpu")
    assert 1 < len(slices) <= MOST_SLICES
    assert torch.cat(slices).sort().values.tolist() == list(range(48))
    assert sum(len(some) * int(lengths[some].max()) for some in slices) < 0.6 * 48 * int(lengths.max())


def test_slices_are_worth_their_cost():
    assert slice_starts([7]) == [0]
    assert slice_starts([30] * 64) == [0]
    assert slice_starts([*range(1, 9)]) == [0]
    starts = slice_starts([*range(10, 138)])
    assert starts[0] == 0
    assert 3 <= len(starts) <= MOST_SLICES
