"""Responses sampled from a language model: batched, the prompt computed once, the same in whatever batch.

Each sampled token is decided by the model's probabilities and one uniform number, which belongs to the prompt, to the
number of the response and to the position: batching, order and company of prompts move no sample beyond what rounding
does to the probabilities.

Shape legend: `R` rows being continued, `P` prompts, `V` vocabulary.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedModel

from rmexp.models.key_values import key_values
from rmexp.ranges import check_ranges
from rmexp.records import Prompt, prompt_json

MOST_ROWS = 256  # computed at a time; on a processor no larger batch was faster
MOST_FINISHED = 0.25  # share of rows that may be finished before they are taken out of the batch


@dataclass(frozen=True)
class Sampling:
    """How responses are drawn.

    Attributes:
        max_new_tokens: longest response in tokens, its end token among them; at least 1.
        temperature: that logits are divided by; 0 takes the likeliest token.
        top_p: probability in (0, 1] of the smallest set of likeliest tokens that are drawn from; 1 for all.
    """

    max_new_tokens: Annotated[int, "at least 1"]
    temperature: Annotated[float, "at least 0"] = 1.0
    top_p: Annotated[float, "in (0, 1]"] = 1.0

    def __post_init__(self) -> None:
        check_ranges(self, "")


class Generated(NamedTuple):
    """One sampled response.

    Attributes:
        token_ids: its tokens, the end token among them where it came.
        ended: whether it came, or the limit cut the response off.
    """

    token_ids: tuple[int, ...]
    ended: bool


@torch.inference_mode()
def generate(
    causal_lm: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    seeds: Sequence[int],
    responses: int,
    sampling: Sampling,
    end_ids: Sequence[int],
) -> list[list[Generated]]:
    """Sample responses to prompts.

    Args:
        causal_lm: in evaluation mode.
        prompts: token ids of each, at least one; prompts of like length are best near each other.
        seeds: one a prompt; a prompt with its seed gets the same responses in any company.
        responses: to each prompt, at least 1; more of them leave the first ones as they are.
        sampling: how they are drawn.
        end_ids: tokens of which each ends a response.

    Returns:
        The responses to each prompt.

    Raises:
        ValueError: a prompt has no tokens.
    """
    if any(not prompt for prompt in prompts):
        raise ValueError("expected prompts of at least one token, got an empty one")
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    done: dict[int, list[Generated]] = {index: [] for index in order}
    per_batch = max(1, MOST_ROWS // responses)
    for start in range(0, len(order), per_batch):
        batch = order[start : start + per_batch]
        draws = torch.stack([_draws(seeds[index], responses, sampling.max_new_tokens) for index in batch])
        for first in range(0, responses, MOST_ROWS):
            some = draws[:, first : first + MOST_ROWS].to(causal_lm.device)
            rows = _continue(causal_lm, [prompts[index] for index in batch], some, sampling, end_ids)
            for number, row in enumerate(rows):
                done[batch[number // some.shape[1]]].append(row)
    return [done[index] for index in range(len(prompts))]


def sample(logits: Tensor, draws: Tensor, sampling: Sampling) -> Tensor:
    """Tokens by inversion: the first whose cumulated probability exceeds the draw.

    Args:
        logits: (R, V).
        draws: (R,) uniform in [0, 1).
        sampling: temperature and top-p.

    Returns:
        (R,) token ids.

    Source: Holtzman et al. 2020, "The curious case of neural text degeneration", for top-p.

    >>> logits = torch.tensor([[0.5, 0.25, 0.25]]).log().repeat(3, 1)
    >>> sample(logits, torch.tensor([0.49, 0.51, 0.99]), Sampling(1)).tolist()
    [0, 1, 2]
    >>> sample(logits, torch.tensor([0.49, 0.51, 0.99]), Sampling(1, top_p=0.4)).tolist()
    [0, 0, 0]
    """
    if sampling.temperature == 0:
        return logits.argmax(dim=-1)
    probabilities = torch.softmax(logits.float() / sampling.temperature, dim=-1)
    if sampling.top_p < 1:
        ranked, places = probabilities.sort(dim=-1, descending=True, stable=True)
        before = ranked.cumsum(dim=-1) - ranked  # of all likelier tokens: the likeliest one is always kept
        ranked[before >= sampling.top_p] = 0
        probabilities = torch.zeros_like(probabilities).scatter(-1, places, ranked)
    cumulated = probabilities.cumsum(dim=-1)
    wanted = draws.to(cumulated) * cumulated[:, -1]
    return torch.searchsorted(cumulated, wanted[:, None], right=True)[:, 0]


def end_ids(causal_lm: Any, tokenizer: Any) -> list[int]:
    """Tokens that end a response: of the tokenizer, and those that the model's own generation settings name."""
    named = getattr(causal_lm.generation_config, "eos_token_id", None)
    return sorted({tokenizer.eos_token_id, *(named if isinstance(named, list) else [named])} - {None})


def prompt_seed(prompt: Prompt, *numbers: int) -> int:
    """A seed of a prompt's own for each choice of numbers, whatever is sampled beside it."""
    text = json.dumps([*numbers, prompt_json(prompt)], ensure_ascii=False)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def _draws(seed: int, responses: int, tokens: int) -> Tensor:
    """(responses, tokens) uniform numbers in [0, 1); more responses leave those of the first as they are."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(responses, tokens, generator=generator)


def _continue(
    causal_lm: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    draws: Tensor,
    sampling: Sampling,
    end_ids: Sequence[int],
) -> list[Generated]:
    """One response for each of (P, responses, tokens) draws; rows that are finished leave the batch."""
    responses, device = draws.shape[1], causal_lm.device
    longest = max(map(len, prompts))
    padding = torch.tensor([longest - len(prompt) for prompt in prompts], device=device)
    token_ids = torch.tensor([[0] * (longest - len(prompt)) + list(prompt) for prompt in prompts], device=device)
    alike = all(len(prompt) == longest for prompt in prompts)
    visible = None if alike else (torch.arange(longest, device=device) >= padding[:, None]).long()
    positions = (torch.arange(longest, device=device) - padding[:, None]).clamp(min=0)
    cache = key_values(causal_lm.config, sampling.max_new_tokens)
    logits = _next(causal_lm, token_ids, visible, positions, cache).repeat_interleave(responses, dim=0)
    cache.batch_repeat_interleave(responses)
    visible = None if visible is None else visible.repeat_interleave(responses, dim=0)
    lengths = (longest - padding).repeat_interleave(responses)
    uniform, ends = draws.flatten(0, 1), torch.tensor(list(end_ids), device=device)
    written = torch.zeros(uniform.shape, dtype=torch.int64, device=device)
    ended_at = torch.full((len(uniform),), sampling.max_new_tokens, device=device)
    rows = torch.arange(len(uniform), device=device)  # still in the batch
    for step in range(sampling.max_new_tokens):
        chosen = sample(logits, uniform[rows, step], sampling)
        written[rows, step] = chosen
        over = torch.isin(chosen, ends)
        so_far = ended_at[rows]
        ended_at[rows] = so_far = torch.where(over, so_far.clamp(max=step), so_far)
        going = so_far == sampling.max_new_tokens
        left = int(going.sum())  # the one thing that a token waits for
        if not left or step + 1 == sampling.max_new_tokens:
            break
        if left <= (1 - MOST_FINISHED) * len(rows):
            kept = going.nonzero()[:, 0]
            rows, chosen, lengths = rows[kept], chosen[kept], lengths[kept]
            visible = None if visible is None else visible[kept]
            cache.batch_select_indices(kept)
        if visible is not None:
            visible = torch.cat([visible, visible.new_ones(len(rows), 1)], dim=1)
        logits = _next(causal_lm, chosen[:, None], visible, (lengths + step)[:, None], cache)
    return [
        Generated(tuple(ids[: end + 1]), end < sampling.max_new_tokens)
        for ids, end in zip(written.tolist(), ended_at.tolist(), strict=True)
    ]


def _next(
    causal_lm: PreTrainedModel, token_ids: Tensor, visible: Tensor | None, positions: Tensor, cache: Any
) -> Tensor:
    """(R, V) logits of the token behind each row."""
    found = causal_lm(
        input_ids=token_ids,
        attention_mask=visible,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    return found.logits[:, -1]  # type: ignore[no-any-return]
