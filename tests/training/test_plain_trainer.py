"""The modules in a trainer of Lightning's own, without any callback of ours."""

import copy
from functools import partial

import lightning as L
import pytest
import torch

from rmexp.encoding.encode import Encoder
from rmexp.encoding.splits import encode_pairs
from rmexp.losses.bradley_terry import bradley_terry_loss
from rmexp.losses.dpo import dpo_loss
from rmexp.losses.next_token import next_token_loss
from rmexp.training.data.loader import Passes
from rmexp.training.data.pair_data import PairData
from rmexp.training.dpo import DPOModule
from rmexp.training.pairs import Pairs
from rmexp.training.reward import RewardModule
from rmexp.training.schedules import constant
from rmexp.training.sft import SFTModule


class Kept(L.pytorch.loggers.logger.DummyLogger):
    """Keeps what is logged, with its step."""

    def __init__(self):
        super().__init__()
        self.rows = []

    def log_metrics(self, metrics, step=None):
        self.rows.append((step, dict(metrics)))


@pytest.fixture
def start(tiny_model):
    return tiny_model._replace(causal_lm=copy.deepcopy(tiny_model.causal_lm))


@pytest.fixture
def module(start, request):
    optimizer, schedule = partial(torch.optim.SGD, lr=0.05), partial(constant, warmup_fraction=0.0)
    if request.param == "reward":
        return RewardModule(start, bradley_terry_loss, optimizer, schedule, head_lr_factor=1.0)
    if request.param == "dpo":
        return DPOModule(start, partial(dpo_loss, beta=0.5), optimizer, schedule, "precomputed")
    return SFTModule(start, next_token_loss, optimizer, schedule, "both")


@pytest.fixture
def encoded(tokenizer, limits, pairs):
    return encode_pairs(pairs, Encoder(tokenizer, limits))[0]


@pytest.fixture
def fitted(module, encoded, tmp_path):
    """Two passes of three batches, each with a validation of its own; what was logged, and the pairs validated on."""
    train, val, kept = encoded[:5], encoded[5:], Kept()
    data = PairData(Pairs(train, val, 2), Passes(2, 0), batch_tokens=None, packed=module.packed)
    quiet = {"enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = L.Trainer(
        max_epochs=1, val_check_interval=3, accelerator="cpu", logger=kept, num_sanity_val_steps=0,
        default_root_dir=tmp_path, log_every_n_steps=1, **quiet,
    )  # fmt: skip
    trainer.fit(module, data)
    return kept.rows, val


@pytest.mark.parametrize("module", ["reward", "dpo", "sft"], indirect=True)
@pytest.mark.parametrize("limit", [1, 3, None])
def test_validation_batches_that_are_not_computed_are_no_error(module, encoded, monkeypatch, tmp_path, limit):
    """Figures are of the pairs of which both responses are computed: of none, of some, of all."""
    monkeypatch.setattr("rmexp.training.data.pair_data.MOST_TOKENS", 2)  # so that each response is a batch
    kept = Kept()
    data = PairData(Pairs(encoded[:5], encoded[5:], 2), Passes(2, 0), batch_tokens=None, packed=module.packed)
    quiet = {"enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = L.Trainer(
        max_epochs=1, val_check_interval=3, accelerator="cpu", logger=kept, num_sanity_val_steps=1,
        limit_val_batches=limit, default_root_dir=tmp_path, log_every_n_steps=1, **quiet,
    )  # fmt: skip
    if limit == 1:
        with pytest.raises(ValueError, match="what it leaves, 1 of them, has none"):
            trainer.fit(module, data)
        return
    trainer.fit(module, data)
    computed = data.val_pairing() if limit is None else data.val_pairing().among(limit)
    each = 2 if isinstance(module, SFTModule) else 1  # losses of a pair
    assert int(module.val_figures.loss.weight) == each * computed.size
    assert 0 < computed.size <= len(encoded[5:])
    assert sum("val/loss" in row for _, row in kept.rows) == 2


def test_a_policy_is_measured_against_another_model_than_its_start(start, tiny_model, encoded, plain, tmp_path):
    torch.manual_seed(3)
    with torch.no_grad():
        for weight in start.causal_lm.parameters():
            weight += 0.05 * torch.randn_like(weight)
    options = partial(torch.optim.SGD, lr=0.0), partial(constant, warmup_fraction=0.0)
    losses = []
    for how in ("precomputed", "online"):
        module = DPOModule(start, partial(dpo_loss, beta=0.5), *options, how, reference=tiny_model)
        data = PairData(Pairs(encoded[:5], encoded[5:], 5), Passes(1, 0), batch_tokens=None, packed=module.packed)
        quiet = {"enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
        trainer = L.Trainer(max_epochs=1, accelerator="cpu", logger=False, default_root_dir=tmp_path, **quiet)
        trainer.fit(module, data)
        losses.append((float(module.train_figures.compute()["loss"]), float(module.val_figures.compute()["loss"])))
        assert not any("reference" in name for name in module.state_dict())
    with torch.no_grad():
        for found, part in zip(losses[0], (encoded[:5], encoded[5:]), strict=True):
            sides = [[getattr(pair, side) for pair in part] for side in ("chosen", "rejected")]
            chosen, rejected = (
                plain.logps(start.causal_lm, side) - plain.logps(tiny_model.causal_lm, side) for side in sides
            )
            assert found == pytest.approx(float(-(0.5 * (chosen - rejected)).sigmoid().log().mean()), rel=1e-4)
            assert abs(found - 0.6931) > 1e-3  # as it would be with its own start for a reference
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


def scores_of(module, tiny_model, plain, responses):
    """By transformers alone, with the weights at the end of training."""
    model = module.model.eval()
    if isinstance(module, RewardModule):
        return plain.rewards(model, responses)
    logps = plain.logps(model, responses)
    return logps - plain.logps(tiny_model.causal_lm, responses) if isinstance(module, DPOModule) else logps


@pytest.mark.parametrize("module", ["dpo"], indirect=True)
def test_log_probabilities_and_divergence_of_a_policy(module, fitted, tiny_model, plain):
    rows, val = fitted
    trained, validated = (
        next(row for _, row in reversed(rows) if f"{phase}/loss" in row) for phase in ("train", "val")
    )
    assert trained["train/kl"] > 0
    sides = {side: [getattr(pair, side) for pair in val] for side in ("chosen", "rejected")}
    with torch.no_grad():
        logps = {side: plain.logps(module.model.eval(), responses) for side, responses in sides.items()}
        ratios = torch.cat([logps[side] - plain.logps(tiny_model.causal_lm, sides[side]) for side in sides])
    for side in sides:
        assert validated[f"val/logps/{side}"] == pytest.approx(float(logps[side].mean()), rel=1e-4)
    assert validated["val/kl"] == pytest.approx(float((ratios**2).mean() / 2), rel=1e-3)


@pytest.mark.parametrize("module", ["reward", "dpo", "sft"], indirect=True)
def test_a_validation_counts_its_own_pairs_alone(module, fitted, tiny_model, plain):
    rows, val = fitted
    (_, first), (_, last) = [row for row in rows if "val/loss" in row[1]]
    assert first["val/loss"] != last["val/loss"]
    assert module.val_figures.accuracy.pairs.item() == len(val)
    with torch.no_grad():
        chosen, rejected = (
            scores_of(module, tiny_model, plain, [getattr(pair, side) for pair in val])
            for side in ("chosen", "rejected")
        )
    assert last["val/accuracy"] == pytest.approx(float((chosen > rejected).double().mean()))
    if not isinstance(module, SFTModule):
        margins = (chosen - rejected).double() * (0.5 if isinstance(module, DPOModule) else 1.0)
        assert last["val/loss"] == pytest.approx(float(-margins.sigmoid().log().mean()), rel=1e-4)


@pytest.mark.parametrize("module", ["reward", "dpo", "sft"], indirect=True)
def test_trackers_count_steps_from_1(module, fitted):
    rows, _ = fitted
    assert [step for step, row in rows if "train/loss" in row] == [1, 2, 3, 4, 5, 6]  # five pairs, two a batch, twice
    assert [step for step, row in rows if "val/loss" in row] == [3, 6]
