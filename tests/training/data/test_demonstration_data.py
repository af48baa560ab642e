import math
from types import SimpleNamespace

import pytest
import torch

from rmexp.encoding.tokens import ResponseTokens
from rmexp.training.data.demonstration_data import DemonstrationData
from rmexp.training.data.loader import Passes
from rmexp.training.processes import whole_validation

# As many short as long ones, in the order of their lengths.
DEMONSTRATIONS = [ResponseTokens((5, *[6] * length, 2), 1, False) for length in sorted([*range(1, 31)] * 2)]


def test_training_batches_are_never_grouped_by_length():
    data = DemonstrationData(DEMONSTRATIONS, DEMONSTRATIONS, 6, Passes(2, 0), batch_tokens=None, packed=True)
    batches = list(data.train_dataloader())
    assert len(batches) == 20
    assert sorted(length for batch in batches[:10] for length in batch.lengths.tolist()) == [
        len(row.token_ids) for row in DEMONSTRATIONS
    ]
    spreads = [int(batch.lengths.max() - batch.lengths.min()) for batch in batches]
    assert min(spreads) >= 6  # grouped ones differ by 2 at most
    assert sum(spreads) / len(spreads) > 15


@pytest.mark.parametrize("ranks", [2, 3])
def test_processes_share_a_validation_in_step(monkeypatch, ranks):
    """And what they find is put together as one process would have found it."""
    monkeypatch.setattr("rmexp.training.data.demonstration_data.MOST_TOKENS", 160)
    data = DemonstrationData(DEMONSTRATIONS, DEMONSTRATIONS, 8, Passes(1, 0), batch_tokens=None, packed=True)
    whole = [batch.lengths for batch in data.val_dataloader()]
    assert len(whole) == 7
    shares = []
    for rank in range(ranks):
        data.trainer = SimpleNamespace(global_rank=rank, world_size=ranks)
        shares.append(data.val_dataloader())
        assert [batch.lengths.tolist() for batch in data.whole_validation()] == [batch.tolist() for batch in whole]
    assert {len(share) for share in shares} == {math.ceil(7 / ranks)}
    found = [[batch.lengths for batch in share] for share in shares]
    monkeypatch.setattr(whole_validation, "from_all", lambda own: found)
    trainer = SimpleNamespace(world_size=ranks, val_dataloaders=shares[0])
    module = SimpleNamespace(trainer=trainer, device="cpu")
    assert whole_validation.whole_validation(module, found[0]).equal(torch.cat(whole))


def test_validation_has_every_demonstration_as_often_as_it_is_there():
    batches = list(
        DemonstrationData(
            DEMONSTRATIONS, DEMONSTRATIONS, 8, Passes(1, 0), batch_tokens=None, packed=True
        ).val_dataloader()
    )
    assert sorted(length for batch in batches for length in batch.lengths.tolist()) == [
        len(row.token_ids) for row in DEMONSTRATIONS
    ]
