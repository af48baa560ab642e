"""Artifacts of Weights & Biases: files of a run, and the fingerprints that lead from data to model to evaluation.

A fingerprint is an artifact without files, named by it alone: whoever uses or makes the same data or model names the
same one, so that Weights & Biases joins them. Offline as online, without a question to the server.
"""

import re
import time
from collections.abc import Collection
from typing import TYPE_CHECKING

from rmexp.tracking.tracked_run import Artifact, Results

if TYPE_CHECKING:
    import wandb

KINDS = {"data": "data", "tests": "data", "chat_template": "file", "evaluation": "file"}  # of inputs that are no model
FINGERPRINT = "fingerprint"  # type of such an artifact
LONGEST_WAIT, SLOWEST = 20, 1e6  # seconds for all that is sent, and bytes a second that it may take beyond them


def log_artifacts(run: "wandb.Run", results: Results, kinds: Collection[str]) -> None:
    """Log what a run left, and what it was made of.

    Args:
        run: that is open.
        results: of it.
        kinds: `model`, `report`, `scored`: of which files are logged.

    Raises:
        ValueError: the server does not take one, or not in time.
    """
    logged = []
    for name, fingerprint in results.used.items():
        # `use_artifact` waits for the server without end, and refuses to work offline; this is what it does itself.
        logged.append(run._log_artifact(_fingerprint(name, fingerprint), is_user_created=True, use_after_commit=True))
    for artifact in results.artifacts:
        if artifact.fingerprint is not None:
            logged.append(run.log_artifact(_fingerprint(artifact.kind, artifact.fingerprint)))
        if artifact.kind in kinds:
            logged.append(run.log_artifact(_files(artifact, run.id)))
    until = time.monotonic() + LONGEST_WAIT + sum(one.size for one in logged) / SLOWEST
    for sent in () if run.offline else logged:
        sent.wait(max(1, round(until - time.monotonic())))


def _fingerprint(name: str, fingerprint: str) -> "wandb.Artifact":
    import wandb

    what = KINDS.get(name.partition(".")[0], "model")
    return wandb.Artifact(_safe(f"{what}-fingerprint-{fingerprint}"), FINGERPRINT, metadata={FINGERPRINT: fingerprint})


def _files(artifact: Artifact, run_id: str) -> "wandb.Artifact":
    import wandb

    metadata = {} if artifact.fingerprint is None else {FINGERPRINT: artifact.fingerprint}
    made = wandb.Artifact(_safe(f"{artifact.kind}-{run_id}"), artifact.kind, metadata=metadata)
    add = made.add_dir if artifact.path.is_dir() else made.add_file
    add(str(artifact.path), policy="immutable")  # or wandb would copy a model before it sends it
    return made


def _safe(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name)
