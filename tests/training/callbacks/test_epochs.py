import pytest


@pytest.mark.parametrize(
    ("batches", "epoch", "every", "expected"),
    [
        (12, 4, None, [4, 8, 12]),
        (12, 4, 3, [3, 4, 6, 8, 9, 12]),
        (12, 4, 4, [4, 8, 12]),
        (12, 4, 1, list(range(1, 13))),
        (10, 4, None, [4, 8, 10]),  # ended early: the last batch validates
        (3, 1, None, [1, 2, 3]),
        (2, 5, None, [2]),
    ],
)
def test_where_validations_fall(toy, fit, batches, epoch, every, expected):
    fit(toy, batches, epoch, every)
    assert toy.validated_after == expected


def test_steps_of_several_batches(toy, fit):
    fit(toy, 12, 4, None, accumulate_grad_batches=2)
    assert toy.validated_after == [2, 4, 6]


def test_running_figures_are_those_of_the_last_epoch(toy, fit):
    fit(toy, 10, 4)
    assert toy.train_figures.accuracy.pairs.item() == 2 * 3  # batches 9 and 10 of the third epoch
