"""Whether a model folder gives other programs the scores that it gives here: told by a fresh process, never assumed."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from rmexp.encoding.pack import response_batch
from rmexp.encoding.tokens import ResponseTokens
from rmexp.metrics.parity import Parity
from rmexp.models.folders.chat_template import chat_messages
from rmexp.models.folders.export import REWARD_MODEL, Export, model_dtype
from rmexp.models.likelihood import Likelihood
from rmexp.records import Prompt

TOLERANCE = 1e-4  # of the largest score, at least of 1: both sides compute in float32


class Own(NamedTuple):
    """What the examples are here."""

    tokens: list[ResponseTokens]
    scores: list[float]


@torch.inference_mode()
def own_scores(export: Export, examples: Sequence[tuple[Prompt, str]]) -> Own:
    """Scores by the model as it was loaded here, in float32: rewards, or log-probabilities of the responses."""
    tokens = [found for found in export.encoder.encode(examples) if found is not None]
    dtype = model_dtype(export.model)
    model = export.model.float()
    score = model if export.kind == REWARD_MODEL else Likelihood(model, "auto").response
    scores = [float(score(response_batch([response]))) for response in tokens]
    export.model.to(dtype)
    return Own(tokens, scores)


def check_parity(folder: Path, kind: str, own: Own, examples: Sequence[tuple[Prompt, str]]) -> Parity:
    """Load a folder in a fresh process with transformers alone, and compare what it says of the examples.

    Raises:
        ValueError: token ids or scores differ; the message names the first conversation of which they do.
    """
    prompt_tokens = None if kind == REWARD_MODEL else [tokens.prompt_tokens for tokens in own.tokens]
    found = _in_a_fresh_process(folder, examples, prompt_tokens)
    for (prompt, _), tokens, ids in zip(examples, own.tokens, found["token_ids"], strict=True):
        if list(tokens.token_ids) != ids:
            raise ValueError(
                f"{folder} is not exported: its chat template and tokenizer make {len(ids)} tokens of the conversation "
                f"{str(prompt)[:60]!r} where training had {len(tokens.token_ids)}, or other ones"
            )
    largest = max(map(abs, own.scores))
    tolerance = TOLERANCE * max(1.0, largest)
    differences = [0.0]
    for name in ("scores", "pipeline"):
        for (prompt, _), score, other in zip(examples, own.scores, found.get(name, own.scores), strict=True):
            differences.append(abs(score - other))
            if not differences[-1] <= tolerance:
                raise ValueError(
                    f"{folder} is not exported: transformers gives {other:.6g} ({name}) to an answer to "
                    f"{str(prompt)[:60]!r}, expected {score:.6g}"
                )
    return Parity(len(own.scores), max(differences), largest, tolerance)


def _in_a_fresh_process(
    folder: Path, examples: Sequence[tuple[Prompt, str]], prompt_tokens: list[int] | None
) -> dict[str, Any]:
    conversations = [chat_messages(prompt, response) for prompt, response in examples]
    done = subprocess.run(
        [sys.executable, "-m", "rmexp.models.backbones.reload", str(folder)],
        input=json.dumps({"conversations": conversations, "prompt_tokens": prompt_tokens}),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"},
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ValueError(f"{folder} is not exported: a fresh process cannot load it ({reason})")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
