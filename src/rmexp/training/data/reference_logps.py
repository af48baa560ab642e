"""Log-probabilities of a run's responses under its reference: computed once, kept on disk for other runs.

A file is found again by reference, precision and token ids, so that the cells of a sweep over learning rates share it.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from rmexp.checked_arrays import Damaged, read_arrays, write_arrays
from rmexp.durable import alone
from rmexp.encoding.encode import PairTokens, ResponseTokens
from rmexp.models.likelihood import Likelihood
from rmexp.scoring.responses import compute

log = logging.getLogger(__name__)


def with_reference_logps(
    likelihood: Likelihood, pairs: Sequence[PairTokens], cache_dir: str | None, state: str
) -> list[PairTokens]:
    """The pairs with both responses' summed log-probabilities under the reference, in their old order.

    Args:
        likelihood: of the reference.
        pairs: encoded.
        cache_dir: folder of the files; None keeps none.
        state: all that decides the figures beside the token ids: which reference it is, and how it computes.
    """
    responses = [pair.chosen for pair in pairs] + [pair.rejected for pair in pairs]
    if cache_dir is None:
        logps = _computed(likelihood, responses)
    else:
        path = Path(cache_dir) / f"reference-{_digest(responses, state)}.logps"
        with alone(path.with_suffix(".lock")):
            found = _read(path, len(responses))
            logps = _computed(likelihood, responses) if found is None else found
            if found is None:
                write_arrays(path, {"logps": np.array(logps)})
    sides = zip(logps[: len(pairs)], logps[len(pairs) :], strict=True)
    return [replace(pair, reference_logps=both) for pair, both in zip(pairs, sides, strict=True)]


def _computed(likelihood: Likelihood, responses: Sequence[ResponseTokens]) -> list[float]:
    figures = compute(likelihood.causal_lm, likelihood.response, responses, packed=likelihood.packed)
    return [logp for (logp,) in figures]


def weights_fingerprint(model: nn.Module) -> str:
    """SHA-256 over the weights of a model that is in no folder."""
    digest = hashlib.sha256()
    for name, weight in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(weight.detach().cpu().contiguous().view(torch.uint8).numpy())
    return digest.hexdigest()


def _digest(responses: Sequence[ResponseTokens], state: str) -> str:
    digest = hashlib.sha256(state.encode())
    for response in responses:
        digest.update(np.array([response.prompt_tokens, *response.token_ids], np.int64).tobytes())
    return digest.hexdigest()[:32]


def _read(path: Path, count: int) -> list[float] | None:
    """The figures of a file; None where there is none, or a damaged one, which is said."""
    if not path.is_file():
        return None
    try:
        logps = read_arrays(path)["logps"]
    except (Damaged, OSError) as error:
        log.warning("%s; the reference computes it again", error)
        return None
    found: list[float] = logps.tolist()
    return found if len(found) == count else None
