import copy
from functools import partial

import lightning as L
import pytest
import torch

from rmexp.encoding.encode import Encoder
from rmexp.encoding.pack import pair_batch
from rmexp.encoding.splits import encode_pairs
from rmexp.losses.bradley_terry import bradley_terry_loss
from rmexp.models.backbones.trained_weights import choose_trained
from rmexp.models.reward_model import RewardModel
from rmexp.training.callbacks.epochs import Epochs
from rmexp.training.data.cached_features import cached_features, feature_batch
from rmexp.training.data.loader import Passes
from rmexp.training.data.pair_data import PairData
from rmexp.training.pairs import Pairs
from rmexp.training.reward import RewardModule
from rmexp.training.schedules import constant


@pytest.fixture
def encoded(tokenizer, limits, pairs):
    return encode_pairs(pairs, Encoder(tokenizer, limits))[0]


def pair_data(encoded):
    return PairData(Pairs(encoded, encoded, 4), Passes(2, 0), batch_tokens=None, packed=True)


def test_rewards_of_features_are_those_of_tokens(tiny_model, encoded):
    model = RewardModel(tiny_model.body)
    batch = feature_batch(encoded[:5], cached_features(model, encoded))
    tokens = pair_batch(encoded[:5])
    torch.testing.assert_close(model.reward(batch.hidden), model(tokens.responses), rtol=1e-5, atol=1e-6)
    assert batch.size == tokens.size
    assert torch.equal(batch.pairing.rows, tokens.pairing.rows)


def test_a_frozen_body_is_computed_once_and_the_head_learns_as_ever(tiny_model, encoded, tmp_path, monkeypatch):
    start = tiny_model._replace(causal_lm=copy.deepcopy(tiny_model.causal_lm))
    choose_trained(start.body, "head", {})
    schedule = partial(constant, warmup_fraction=0.0)
    module = RewardModule(start, bradley_terry_loss, partial(torch.optim.SGD, lr=0.1), schedule, head_lr_factor=1.0)
    expected = copy.deepcopy(module.model.head)
    for batch in pair_data(encoded).train_dataloader():  # gradient descent by hand, the body computed every time
        rewards = expected(module.model.features(batch.responses)).squeeze(-1)
        loss = bradley_terry_loss(*batch.pairing.sides(rewards), target=batch.pairing.target).mean()
        (gradient,) = torch.autograd.grad(loss, [expected.weight])
        with torch.no_grad():
            expected.weight -= 0.1 * gradient
    calls = []
    features = RewardModel.features
    monkeypatch.setattr(RewardModel, "features", lambda *given: calls.append(1) or features(*given))
    trainer = L.Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0, default_root_dir=tmp_path, callbacks=[Epochs(3, None)],
    )  # fmt: skip
    trainer.fit(module, pair_data(encoded))
    assert len(calls) == 1
    torch.testing.assert_close(module.model.head.weight, expected.weight, rtol=1e-5, atol=1e-6)
