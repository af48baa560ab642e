"""From records to one figure per response: encoded, batched by length, computed, put back in order."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from itertools import chain

import torch
from torch import Tensor, nn

from rmexp.encoding.batches import ResponseBatch
from rmexp.encoding.pack import batches_of_tokens, response_batch
from rmexp.encoding.tokens import ResponseTokens
from rmexp.hardware.group import shared_out
from rmexp.hardware.laid_out import laid_out
from rmexp.records import Record, Scored

MOST_TOKENS = 8192  # of a row computed at once: each batch costs time that does not depend on its size
ON_ACCELERATOR = 2  # times as many: there it costs more


@torch.inference_mode()
def compute(
    model: nn.Module,
    function: Callable[[ResponseBatch], Tensor],
    responses: Sequence[ResponseTokens],
    *,
    packed: bool,
    together: bool = False,
) -> list[list[float]]:
    """Apply `function` to every distinct response, in batches that waste little.

    Args:
        model: tells the device.
        function: of a batch of N responses to (N,) or (N, K) figures; no figure depends on its batch beyond rounding.
        responses: encoded; equal ones are computed once.
        packed: whether the function computes packed rows, where responses that begin alike belong together.
        together: whether all processes of the run are here with the same responses: each computes some of the batches.

    Returns:
        K figures for each of `responses`, in their order.
    """
    device = next(model.parameters()).device
    model.eval()
    most = MOST_TOKENS * (1 if device.type == "cpu" else ON_ACCELERATOR)
    batches = batches_of_tokens(set(responses), most, packed=packed)

    def figures_of(rows: Sequence[ResponseTokens]) -> Tensor:
        return function(response_batch(rows).to(device)).reshape(len(rows), -1)

    with laid_out(model) if len(batches) > 1 else nullcontext():
        if together:
            found = shared_out(batches, lambda rows: figures_of(rows).cpu())
        else:
            found = [figures_of(rows) for rows in batches]  # the next batch waits for none before it
    figures: list[list[float]] = torch.cat(found).tolist() if found else []
    done = dict(zip(chain.from_iterable(batches), figures, strict=True))
    return [done[response] for response in responses]


def compute_read(
    model: nn.Module,
    function: Callable[[ResponseBatch], Tensor],
    responses: Sequence[ResponseTokens | None],
    *,
    packed: bool,
) -> list[list[float] | None]:
    """What `compute` gives for the responses that are read; None for the others."""
    read = [response for response in responses if response is not None]
    figures = iter(compute(model, function, read, packed=packed))
    return [None if response is None else next(figures) for response in responses]


def unknown(
    responses: Sequence[ResponseTokens | None], known: Mapping[ResponseTokens, float]
) -> Sequence[ResponseTokens | None]:
    """The responses that are still to be computed; None for the others."""
    return [None if response in known else response for response in responses] if known else responses


def with_known(
    responses: Sequence[ResponseTokens | None], known: Mapping[ResponseTokens, float], scores: Iterable[float | None]
) -> list[float | None]:
    """Scores of `unknown` responses with those that are known."""
    if not known:
        return list(scores)
    paired = zip(responses, scores, strict=True)
    return [score if response is None else known.get(response, score) for response, score in paired]


def scored_records(
    records: Sequence[Record], responses: Sequence[ResponseTokens | None], scores: Iterable[float | None]
) -> Iterator[Scored]:
    """Put figures of single responses together by record."""
    pairs = iter(zip(responses, scores, strict=True))
    for record in records:
        tokens, values = zip(*(next(pairs) for _ in record.responses), strict=True)
        lengths = tuple(0 if response is None else len(response.token_ids) for response in tokens)
        cut = tuple(response is not None and response.truncated for response in tokens)
        yield Scored(record.id, values, lengths, cut)
    if next(pairs, None) is not None:
        raise ValueError(f"expected {len(responses)} responses of {len(records)} records, but there are more")
