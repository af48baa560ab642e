"""Two short trainings: can the model learn at all, and does anything give the labels away."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from rmexp.encoding.encode import Encoder
from rmexp.encoding.pack import pair_batch
from rmexp.encoding.splits import encode_pairs
from rmexp.encoding.tokens import PairTokens
from rmexp.inspection.check import FAIL, PASS, SKIP, Check
from rmexp.losses.bradley_terry import bradley_terry_loss
from rmexp.metrics.preferred_side import is_tie, preferred_side
from rmexp.records import Preference
from rmexp.statistics.shares import wilson

BATCH_PAIRS = 8
FITTED = 0.1  # loss below which a batch counts as learnt
SURE = 0.999  # of the interval that must hold one half: a check that cries wolf once in a thousand runs


def overfits_one_batch(model: Any, encoder: Encoder, pairs: Sequence[Preference], steps: int, lr: float) -> Check:
    """Whether a copy of the model with its labels turned round learns eight pairs by heart.

    Turned round, because a good model has nothing to learn from them as they are; and certain, because the loss of a
    soft label stays above its entropy.
    """
    turned = [replace(pair, target=float(preferred_side(pair.target))) for pair in pairs if not is_tie(pair.target)]
    some, _ = encode_pairs(turned[:BATCH_PAIRS], encoder)
    if not some:
        return Check("overfits one batch", SKIP, "There is no pair that can be encoded.")
    losses = _train(copy.deepcopy(model), [some] * steps, lr)
    first, last = losses[0], min(losses)
    verdict = PASS if last < FITTED else FAIL
    says = f"On {len(some)} pairs with their labels turned round the loss goes from {first:.3g} to {last:.3g}"
    says += f" in {steps} steps"
    says += "." if verdict == PASS else f", expected below {FITTED}: gradients, learning rate or inputs are wrong."
    return Check("overfits one batch", verdict, says, {"first": first, "last": last, "steps": steps})


def shuffled_labels(
    model: Any, encoder: Encoder, pairs: Sequence[Preference], steps: int, lr: float, seed: int
) -> Check:
    """Whether a copy that is trained on labels drawn by lot orders other pairs' lots no better than by chance."""
    lots = np.random.default_rng([seed, 2]).random(len(pairs)) < 0.5
    drawn = [replace(pair, target=float(lot)) for pair, lot in zip(pairs, lots, strict=True)]
    half = len(drawn) // 2
    learnt, _ = encode_pairs(drawn[:half], encoder)
    other, _ = encode_pairs(drawn[half:], encoder)
    if min(len(learnt), len(other)) < 2 * BATCH_PAIRS:
        return Check("shuffled labels", SKIP, f"Expected at least {4 * BATCH_PAIRS} pairs, got {len(pairs)}.")
    order = np.random.default_rng([seed, 3])
    batches = [[learnt[index] for index in order.integers(len(learnt), size=BATCH_PAIRS)] for _ in range(steps)]
    trained = copy.deepcopy(model)
    _train(trained, batches, lr)
    right = _right(trained, other)
    low, high = wilson(right, len(other), SURE)
    verdict = PASS if low <= 0.5 <= high else FAIL
    says = (
        f"Trained on labels by lot, it orders {100 * right / len(other):.1f} % of {len(other)} other pairs as their "
        f"lots say [{100 * low:.1f}, {100 * high:.1f}]"
        f"{': chance, as it must be.' if verdict == PASS else ': not chance, so something gives labels away.'}"
    )
    return Check("shuffled labels", verdict, says, {"accuracy": right / len(other), "n": len(other), "steps": steps})


def _train(model: Any, batches: Sequence[Sequence[PairTokens]], lr: float) -> list[float]:
    """Losses of each step."""
    device = next(model.parameters()).device
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    losses = []
    model.train()
    for pairs in batches:
        batch = pair_batch(pairs)
        rewards = model(batch.responses.to(device))
        chosen, rejected = batch.pairing.sides(rewards.cpu())
        loss = bradley_terry_loss(chosen, rejected, target=batch.pairing.target).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
    model.eval()
    return losses


@torch.inference_mode()
def _right(model: Any, pairs: Sequence[PairTokens]) -> float:
    batch = pair_batch(pairs)
    device = next(model.parameters()).device
    rewards = model(batch.responses.to(device)).cpu()
    chosen, rejected = batch.pairing.sides(rewards)
    towards = torch.where(preferred_side(batch.pairing.target) == 0, chosen - rejected, rejected - chosen)
    return float((towards > 0).sum() + 0.5 * (towards == 0).sum())
