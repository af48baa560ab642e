"""What is computed once gives what the plain way gives: both sides of every pair, computed for themselves."""

import copy
from dataclasses import replace
from functools import partial
from pathlib import Path

import lightning as L
import numpy as np
import pytest
import torch

from rmexp.data.loading import Limits
from rmexp.encoding.encode import Encoder
from rmexp.encoding.splits import encode_pairs
from rmexp.losses.bradley_terry import bradley_terry_loss
from rmexp.losses.dpo import dpo_loss
from rmexp.losses.next_token import next_token_loss
from rmexp.records import Preference
from rmexp.training.callbacks.epochs import Epochs
from rmexp.training.data.batch_order import Shuffled, Together
from rmexp.training.data.loader import Passes
from rmexp.training.data.pair_data import PairData
from rmexp.training.dpo import DPOModule
from rmexp.training.pairs import Pairs
from rmexp.training.reward import RewardModule
from rmexp.training.schedules import constant
from rmexp.training.sft import SFTModule

ANSWERS = ["Yes.", "No, never, for many reasons.", "It depends.", "Ask somebody else about that."]
RECORDS = [
    Preference(f"Question {number}?", ANSWERS[i], ANSWERS[j], target=target)
    for number in range(3)
    for i, j, target in ((0, 1, 1.0), (0, 2, 1.0), (2, 1, 0.0), (3, 0, 0.5), (1, 3, 1.0))
]


@pytest.fixture(scope="module")
def encoded(tokenizer):

    return encode_pairs(RECORDS, Encoder(tokenizer, Limits(128, "cut_prompt", None, 4)), "prompt")[0]


def modules(tiny_model):
    make = {"optimizer": partial(torch.optim.SGD, lr=1e-3), "schedule": partial(constant, warmup_fraction=0.0)}
    start = tiny_model._replace(causal_lm=copy.deepcopy(tiny_model.causal_lm))
    torch.manual_seed(0)
    return {
        "reward": lambda: RewardModule(start, bradley_terry_loss, head_lr_factor=1.0, **make),
        "sft": lambda: SFTModule(start, next_token_loss, sides="both", **make),
        "sft_chosen": lambda: SFTModule(start, next_token_loss, sides="chosen", **make),
        "dpo": lambda: DPOModule(start, partial(dpo_loss, beta=0.5), reference_logps="precomputed", **make),
        "dpo_online": lambda: DPOModule(start, partial(dpo_loss, beta=0.5), reference_logps="online", **make),
    }


def plain_losses(name, module, pairs, reference, plain):
    """(n,) losses of all pairs or responses, each response computed by itself."""
    sides = [pair.chosen for pair in pairs], [pair.rejected for pair in pairs]
    target = torch.tensor([pair.target for pair in pairs])
    if name == "reward":
        return bradley_terry_loss(*(plain.rewards(module.model, side) for side in sides), target=target)
    logps = [plain.logps(module.model, side).float() for side in sides]
    if name.startswith("dpo"):
        before = [plain.logps(reference, side).float() for side in sides]
        return dpo_loss(*logps, *before, beta=0.5, target=target).losses
    tokens = [torch.tensor([len(row.token_ids) - row.prompt_tokens for row in side]) for side in sides]
    if name == "sft":
        return next_token_loss(torch.cat(logps), torch.cat(tokens))
    second = target < 0.5  # which side the label prefers
    return next_token_loss(torch.where(second, logps[1], logps[0]), torch.where(second, tokens[1], tokens[0]))


@pytest.mark.parametrize("name", ["reward", "sft", "sft_chosen", "dpo", "dpo_online"])
def test_training_and_validation_are_those_of_the_plain_way(name, tiny_model, encoded, plain, tmp_path: Path):
    module = modules(tiny_model)[name]()
    reference = tiny_model.causal_lm
    data = PairData(Pairs(encoded, encoded, 5), Passes(1, 0), batch_tokens=None, packed=True)
    trainer = fit(module, data, tmp_path)
    module.eval()
    with torch.no_grad():
        expected = plain_losses(name, module, encoded, reference, plain).mean()
    figures = module.val_figures.compute()
    assert figures["loss"] == pytest.approx(float(expected), rel=1e-5)
    assert module.val_figures.accuracy.pairs == 12  # of 15, 3 are ties
    # One more batch by hand: the gradient is the plain one, too.
    batch = trainer.datamodule.train_dataloader().batch(0)
    pairs = [trainer.datamodule.train[i] for i in _indices(trainer.datamodule)]
    plain_losses(name, module, pairs, reference, plain).mean().backward()
    expected_grads = {key: parameter.grad.clone() for key, parameter in module.named_parameters()}
    module.zero_grad()
    _loss(name, module, batch).backward()
    for key, parameter in module.named_parameters():
        expected = expected_grads[key]
        least = (
            1e-5 * float(expected.abs().max()) if name.startswith("dpo") else 1e-6
        )  # log-probabilities of all tokens
        torch.testing.assert_close(parameter.grad, expected, rtol=1e-4, atol=least)


def fit(module, data, folder):
    trainer = L.Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0, default_root_dir=folder, callbacks=[Epochs(3, None)],
    )  # fmt: skip
    trainer.fit(module, data)
    return trainer


def test_what_a_module_computes_of_the_pairs_is_beside_those_that_were_given(tiny_model, encoded, plain, tmp_path):
    data = PairData(Pairs(encoded, encoded, 5), Passes(1, 0), batch_tokens=None, packed=True)
    fit(modules(tiny_model)["dpo"](), data, tmp_path)
    assert all(pair.reference_logps is None for pair in data.given.train)
    for side, name in enumerate(("chosen", "rejected")):
        expected = plain.logps(tiny_model.causal_lm, [getattr(pair, name) for pair in encoded])
        found = torch.tensor([pair.reference_logps[side] for pair in data.train])
        torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("adapter", [True, False])
def test_a_reference_that_is_an_adapter_is_known_by_what_it_adapts_too(tiny_model, encoded, tmp_path, adapter):
    folder = tmp_path / "reference"
    folder.mkdir()
    (folder / ("adapter_config.json" if adapter else "config.json")).write_text("{}")
    pairs = Pairs(encoded, encoded, 5, cache_dir=str(tmp_path / "cache"))
    found = []
    for factor in (1.0, 0.5):  # of the base's weights
        start = tiny_model._replace(
            causal_lm=copy.deepcopy(tiny_model.causal_lm), base_model=str(folder), fingerprint="of the folder"
        )
        with torch.no_grad():
            next(start.causal_lm.parameters()).mul_(factor)
        data = PairData(pairs, Passes(1, 0), batch_tokens=None, packed=True)
        fit(modules(start)["dpo"](), data, tmp_path)
        found.append([pair.reference_logps for pair in data.train])
    assert (found[0] != found[1]) == adapter


def _indices(data):
    order = Together([pair.group for pair in data.train], data.pairs.batch_pairs)
    return order.batches(np.random.default_rng([data.passes.seed, 0]))[0]


def _loss(name, module, batch):
    if name == "reward":
        return module.loss(*batch.pairing.sides(module.model(batch.responses)), pairing=batch.pairing).mean()
    logps = module.likelihood.response(batch.responses)
    if name.startswith("dpo"):
        return module._judge(logps, module._with_reference(batch)).losses.mean()
    return module._losses(logps, batch.responses.response_tokens, batch.pairing, None)[0].mean()


def test_every_distinct_response_is_validated_once(encoded):
    data = PairData(Pairs(encoded, encoded, 5), Passes(1, 0), batch_tokens=None, packed=True)
    batches = list(data.val_dataloader())
    assert sum(batch.size for batch in batches) == 3 * len(ANSWERS)
    lengths = torch.cat([batch.lengths for batch in batches])
    chosen, rejected = data.val_pairing().sides(lengths)
    assert chosen.tolist() == [len(pair.chosen.token_ids) for pair in encoded]
    assert rejected.tolist() == [len(pair.rejected.token_ids) for pair in encoded]


def test_batches_by_prompt_hold_each_response_once(encoded):
    loader = PairData(Pairs(encoded, encoded, 5), Passes(2, 0), batch_tokens=None, packed=True).train_dataloader()
    assert [(batch.size, batch.responses.size) for batch in loader] == [(5, 4)] * 6
    alone = replace(encoded, groups=None)
    mixed = PairData(Pairs(alone, alone, 5), Passes(2, 0), batch_tokens=None, packed=True).train_dataloader()
    assert len(mixed) == 2 * Shuffled(15, 5).steps
    assert any(batch.responses.size > 4 for batch in mixed)


def test_a_limit_that_a_response_exceeds_is_refused(encoded):
    with pytest.raises(
        ValueError, match=r"data.batch_tokens must be at least the \d+ tokens of the longest .*, got 5 "
    ):
        PairData(Pairs(encoded, encoded, 5), Passes(1, 0), batch_tokens=5, packed=True)
