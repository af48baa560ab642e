import pytest

from rmexp.config.build import build
from rmexp.config.compose import compose
from rmexp.records import Preference
from rmexp.training.margins import check_margins


def configured(name, task="reward"):
    return build(compose("train", [f"task={task}", f"loss={name}"]).loss)


def pairs(*margins, **fields):
    return [Preference(f"p{i}", "c", "r", margin=margin, **fields) for i, margin in enumerate(margins)]


def test_a_missing_margin_is_told_with_its_place_and_the_key_of_its_column():
    loss = configured("bradley_terry_margin")
    check_margins(loss, {"train": pairs(1, 0)})
    told = r": loss.margin_scale=1 asks for .*set data.format.margin .*; 1 of 2 pairs of the split `val` have none$"
    with pytest.raises(ValueError, match=told):
        check_margins(loss, {"train": pairs(1, 0), "val": pairs(1, None)})


@pytest.mark.parametrize("loss", [("bradley_terry_centred",), ("hinge",), ("dpo", "dpo"), None])
def test_a_loss_that_asks_for_none_takes_pairs_without(loss):
    check_margins(None if loss is None else configured(*loss), {"train": pairs(1, None)})


def test_a_margin_against_its_label_is_told(caplog):
    loss = configured("bradley_terry_margin")
    check_margins(loss, {"train": [*pairs(2, 0), *pairs(-1, target=0.0), *pairs(-3, target=0.5)]})
    check_margins(loss, {"train": pairs(-1, meta={"flipped": True})})
    assert not caplog.text
    check_margins(loss, {"train": pairs(2, -1)})
    assert "1 of 2 pairs of the split `train` have a margin whose sign speaks against their label" in caplog.text
