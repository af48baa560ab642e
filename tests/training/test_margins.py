import pytest

from rmexp.config.build import build
from rmexp.config.compose import compose
from rmexp.records import Preference
from rmexp.training.margins import check_margins
from rmexp.training.pair_loss import PairLoss


def configured(name, task="reward"):
    return PairLoss(build(compose("train", [f"task={task}", f"loss={name}"]).loss), task)


def pairs(*margins, **fields):
    return [Preference(f"p{i}", "c", "r", margin=margin, **fields) for i, margin in enumerate(margins)]


def test_a_missing_margin_is_told_with_its_place_and_the_key_of_its_column():
    loss = configured("bradley_terry_margin")
    check_margins(loss, {"train": pairs(1, 0)})
    told = r": loss.margin_scale=1 asks for .*set data.format.margin .*; 1 of 2 pairs of the split `val` have none$"
    with pytest.raises(ValueError, match=told):
        check_margins(loss, {"train": pairs(1, 0), "val": pairs(1, None)})


@pytest.mark.parametrize("loss", [("bradley_terry_centred",), ("hinge",), ("dpo", "dpo")])
def test_a_loss_that_asks_for_none_takes_pairs_without(loss):
    check_margins(configured(*loss), {"train": pairs(1, None)})


def test_a_margin_against_its_label_is_told(caplog):
    loss = configured("bradley_terry_margin")
    check_margins(loss, {"train": [*pairs(2, 0), *pairs(-1, target=0.0), *pairs(-3, target=0.5)]})
    check_margins(loss, {"train": pairs(-1, meta={"flipped": True})})
    assert not caplog.text
    check_margins(loss, {"train": pairs(2, -1)})
    assert "1 of 2 pairs of the split `train` have a margin whose sign speaks against their label" in caplog.text


def by_place(chosen_rewards, rejected_rewards, target, margin):
    return (chosen_rewards - rejected_rewards - margin) * target


def by_name(chosen_rewards, rejected_rewards, *, target, margin):
    return (chosen_rewards - rejected_rewards - margin.abs()) * target


def margin_alone(chosen_rewards, rejected_rewards, *, margin):
    return chosen_rewards - rejected_rewards - margin


def per_token(chosen_rewards, rejected_rewards, *, margin, response_tokens):
    chosen, rejected = response_tokens.chunk(2)
    return chosen_rewards / chosen - rejected_rewards / rejected - margin


@pytest.mark.parametrize("loss", [by_place, by_name, margin_alone, per_token])
def test_a_loss_of_ones_own_may_ask_for_margins_in_any_way(loss):
    loss = PairLoss(loss, "reward")
    check_margins(loss, {"train": pairs(1, 0, -1)})
    told = (
        r"^pair \w+: the loss asks for the margin .*set data.format.margin .*; 1 of 2 pairs of the split `train` have"
    )
    with pytest.raises(ValueError, match=told):
        check_margins(loss, {"train": pairs(1, None)})


def test_a_loss_of_ones_own_may_do_without_some_margins():
    def loss(chosen_rewards, rejected_rewards, margin):
        return chosen_rewards - rejected_rewards - (0 if margin is None else margin)

    check_margins(PairLoss(loss, "reward"), {"train": pairs(1, None)})
