from rmexp.encoding.tokens import ResponseTokens
from rmexp.training.data.demonstration_data import DemonstrationData
from rmexp.training.data.loader import Passes

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


def test_validation_has_every_demonstration_as_often_as_it_is_there():
    batches = list(
        DemonstrationData(
            DEMONSTRATIONS, DEMONSTRATIONS, 8, Passes(1, 0), batch_tokens=None, packed=True
        ).val_dataloader()
    )
    assert sorted(length for batch in batches for length in batch.lengths.tolist()) == [
        len(row.token_ids) for row in DEMONSTRATIONS
    ]
