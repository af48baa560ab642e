"""What the scorers that a configuration names read: a run with other files or models is another run."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from rmexp.config.build import build
from rmexp.config.parameters.definitions import class_constant
from rmexp.data.loading import Limits
from rmexp.models.backbones.location import model_inputs
from rmexp.models.folders.trained_on import promise
from rmexp.scoring.scored_file import manifest_path
from rmexp.scoring.scorer import Scorer, checked_scorer
from rmexp.scoring.stored_scores import scored_files

MODEL = "model"  # what a scorer reads that may be an address


def built_scorer(node: DictConfig, limits: Limits, threads: int | None, **named: str) -> Scorer:
    """The scorer of a node.

    Args:
        node: of the scorer group.
        limits: of what it reads.
        threads: processor threads; None chooses.
        named: its name, where that is not the node's.

    Raises:
        ValueError: it cannot be built, or is no scorer.
    """
    return checked_scorer(build(node, limits=limits, threads=threads, **named)())


def scorer_inputs(nodes: Mapping[str, DictConfig | None]) -> dict[str, str | None]:
    """Fingerprints of all that the scorers of some nodes read, by key, members of ensembles among them.

    What a model was trained on has its own, for it decides which figures are told.

    Args:
        nodes: of the scorer group, or holding such nodes, by what the keys start with; None for no scorer.

    Raises:
        ValueError: a local path holds nothing that can be read.
    """
    contents = {name: OmegaConf.to_container(node, resolve=True) for name, node in nodes.items() if node}
    found = [read for name, content in contents.items() for read in named(content, name)]
    inputs = {name: value for key, path, what in found for name, value in path_inputs(key, path, what).items()}
    seen = {f"{key}.trained_on": promise(path).fingerprint for key, path, what in found if what == MODEL}
    return inputs | {key: fingerprint for key, fingerprint in seen.items() if fingerprint is not None}


def path_inputs(key: str, path: str, what: str) -> dict[str, str | None]:
    """Fingerprint of a file, of the manifests in a folder of scored files, or those of a model; see `model_inputs`.

    Args:
        key: of the path, as it is noted.
        path: of it.
        what: `model`, or words for a file or for scored files.

    Raises:
        ValueError: there is no such thing.
    """
    place = Path(path)
    if what == MODEL and not place.is_file():
        return model_inputs(key, path)
    digest = hashlib.sha256()
    for file in [place] if place.is_file() else map(manifest_path, scored_files(place, key, what)):
        digest.update(file.read_bytes())
    return {key: digest.hexdigest()[:16]}


def named(content: Any, name: str) -> Iterator[tuple[str, str, str]]:
    """Key and path of all that scorers read, and what it is."""
    if isinstance(content, dict):
        reads = class_constant(content["_target_"], "reads") or {} if "_target_" in content else {}
        for key, value in content.items():
            inner = f"{name}.{key}" if name else str(key)
            if key in reads and isinstance(value, str):
                yield inner, value, reads[key]
            else:
                yield from named(value, inner)
