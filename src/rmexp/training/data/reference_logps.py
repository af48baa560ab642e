"""Log-probabilities of a run's responses under its reference: computed once, kept on disk for other runs.

A file is found again by reference, precision and token ids, so that the cells of a sweep over learning rates share it.
"""

import hashlib
import logging
from contextlib import nullcontext
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rmexp.checked_arrays import Damaged, read_arrays, write_arrays
from rmexp.durable import alone
from rmexp.encoding.splits import EncodedPairs
from rmexp.hardware.group import from_first, rank_and_count
from rmexp.models.likelihood import Likelihood
from rmexp.scoring.responses import compute

log = logging.getLogger(__name__)

Logps = NDArray[np.float64]  # (K, 2) of chosen and rejected of each pair
AT_ONCE = 8192  # pairs whose responses are sorted into batches together


def with_reference_logps(
    likelihood: Likelihood, pairs: EncodedPairs, cache_dir: str | None, state: str
) -> EncodedPairs:
    """The pairs with both responses' summed log-probabilities under the reference, in their old order.

    Processes of one run compute them together.

    Args:
        likelihood: of the reference.
        pairs: encoded.
        cache_dir: folder of the files; None keeps none.
        state: all that decides the figures beside the token ids: which reference it is, and how it computes.
    """
    if cache_dir is None:
        return replace(pairs, reference_logps=_computed(likelihood, pairs))
    path = Path(cache_dir) / f"reference-{_digest(pairs, state)}.logps"
    leads = rank_and_count()[0] == 0
    with alone(path.with_suffix(".lock")) if leads else nullcontext():
        logps = from_first(_read(path, len(pairs)) if leads else None)
        if logps is None:
            logps = _computed(likelihood, pairs)
            if leads:
                write_arrays(path, {"logps": logps})
    return replace(pairs, reference_logps=logps)


def _computed(likelihood: Likelihood, pairs: EncodedPairs) -> Logps:
    found = np.empty((len(pairs), 2))
    for start in range(0, len(pairs), AT_ONCE):
        some = list(pairs[start : start + AT_ONCE])
        responses = [pair.chosen for pair in some] + [pair.rejected for pair in some]
        figures = compute(likelihood.causal_lm, likelihood.response, responses, packed=likelihood.packed, together=True)
        found[start : start + AT_ONCE] = np.array(figures).reshape(2, -1).T
    return found


def weights_fingerprint(model: nn.Module) -> str:
    """SHA-256 over the weights of a model that is in no folder."""
    digest = hashlib.sha256()
    weights = {**model.state_dict(), **dict(model.named_parameters())}  # those in 4 bits have no part in a state
    for name, weight in sorted(weights.items()):
        digest.update(name.encode())
        digest.update(weight.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _digest(pairs: EncodedPairs, state: str) -> str:
    digest = hashlib.sha256(state.encode())
    for response in chain((pair.chosen for pair in pairs), (pair.rejected for pair in pairs)):
        digest.update(np.array([response.prompt_tokens, *response.token_ids], np.int64).tobytes())
    return digest.hexdigest()[:32]


def _read(path: Path, count: int) -> Logps | None:
    """The figures of a file; None where there is none, or a damaged one, which is said."""
    if not path.is_file():
        return None
    try:
        logps = read_arrays(path)["logps"]
    except (Damaged, OSError) as error:
        log.warning("%s; the reference computes it again", error)
        return None
    return logps if logps.shape == (count, 2) else None
