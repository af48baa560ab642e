"""Sampling against a slow reference without cache, batch or padding, and what must not change it."""

import numpy as np
import pytest
import torch

from rmexp.models.generation import Sampling, generate, sample

PROMPTS = [[1, 20, 30, 40], [1, 7], [1, 50, 60, 70, 80, 90, 11], [1, 9, 8]]
SEEDS = [5, 6, 7, 8]
END = 2


def slowly(model, prompt, seed, responses, sampling, ends):
    """One token of one response at a time, everything computed anew."""
    draws = torch.rand(responses, sampling.max_new_tokens, generator=torch.Generator().manual_seed(seed)).numpy()
    found = []
    for row in draws:
        ids = list(prompt)
        for draw in row:
            with torch.inference_mode():
                logits = model(torch.tensor([ids])).logits[0, -1].double().numpy()
            ids.append(reference_sample(logits, draw, sampling))
            if ids[-1] in ends:
                break
        found.append((tuple(ids[len(prompt) :]), ids[-1] in ends))
    return found


def reference_sample(logits, draw, sampling):
    if sampling.temperature == 0:
        return int(logits.argmax())
    probabilities = np.exp(logits / sampling.temperature - (logits / sampling.temperature).max())
    probabilities /= probabilities.sum()
    order = np.argsort(-probabilities, kind="stable")
    kept = order[: int((np.cumsum(probabilities[order]) < sampling.top_p).sum()) + 1]
    within = np.isin(np.arange(len(logits)), kept) * probabilities
    return int(np.searchsorted(np.cumsum(within), draw * within.sum(), side="right"))


@pytest.fixture(scope="module")
def ends(tiny_model):
    """Tokens frequent enough that responses end at different lengths."""
    return [END, *range(200, 240)]


@pytest.mark.parametrize(
    "sampling", [Sampling(12), Sampling(12, temperature=0.7, top_p=0.8), Sampling(6, temperature=0)], ids=repr
)
def test_samples_equal_a_slow_reference(tiny_model, ends, sampling):
    found = generate(tiny_model.causal_lm, PROMPTS, SEEDS, 5, sampling, ends)
    for prompt, seed, rows in zip(PROMPTS, SEEDS, found, strict=True):
        assert [tuple(row) for row in rows] == slowly(tiny_model.causal_lm, prompt, seed, 5, sampling, ends)
    if sampling.temperature:
        assert {row.ended for rows in found for row in rows} == {True, False}


def test_company_order_and_batch_size_change_nothing(tiny_model, ends, monkeypatch):
    model, sampling = tiny_model.causal_lm, Sampling(10)
    together = generate(model, PROMPTS, SEEDS, 6, sampling, ends)
    alone = [
        generate(model, [prompt], [seed], 6, sampling, ends)[0] for prompt, seed in zip(PROMPTS, SEEDS, strict=True)
    ]
    backwards = generate(model, PROMPTS[::-1], SEEDS[::-1], 6, sampling, ends)[::-1]
    monkeypatch.setattr("rmexp.models.generation.MOST_ROWS", 4)  # the responses to a prompt in two parts
    parted = generate(model, PROMPTS, SEEDS, 6, sampling, ends)
    assert together == alone == backwards == parted
    fewer = generate(model, PROMPTS, SEEDS, 2, sampling, ends)
    assert [rows[:2] for rows in together] == fewer


def test_frequencies_are_the_probabilities():
    logits = torch.tensor([0.1, 0.2, 0.3, 0.4]).log()
    draws = torch.rand(40_000, generator=torch.Generator().manual_seed(0))
    counts = torch.bincount(sample(logits.repeat(40_000, 1), draws, Sampling(1)), minlength=4) / 40_000
    assert counts.tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4], abs=0.01)
    sharp = torch.bincount(sample(logits.repeat(40_000, 1), draws, Sampling(1, temperature=0.5)), minlength=4) / 40_000
    assert sharp.tolist() == pytest.approx([x / 30 for x in (1, 4, 9, 16)], abs=0.01)


def test_the_largest_draw_never_leaves_the_kept_tokens():
    logits = torch.randn(500, 1000, generator=torch.Generator().manual_seed(0)) * 5
    largest = torch.full((500,), 1 - 2**-24)
    chosen = sample(logits, largest, Sampling(1, top_p=0.5))
    probabilities = logits.softmax(-1)
    picked = probabilities.gather(1, chosen[:, None])
    assert bool(((probabilities * (probabilities > picked)).sum(1) < 0.5).all())


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"max_new_tokens": 0}, "`max_new_tokens` must be at least 1, got 0"),
        ({"max_new_tokens": 1, "temperature": -1.0}, "`temperature` must be at least 0"),
        ({"max_new_tokens": 1, "top_p": 0.0}, r"`top_p` must be in \(0, 1\], got 0.0"),
    ],
)
def test_bad_values(keys, message):
    with pytest.raises(ValueError, match=message):
        Sampling(**keys)


def test_a_prompt_of_nothing_is_refused(tiny_model):
    with pytest.raises(ValueError, match="at least one token"):
        generate(tiny_model.causal_lm, [[]], [0], 1, Sampling(1), [END])
