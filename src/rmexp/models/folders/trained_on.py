"""The file beside a model's contract that says what the model was trained on; read without anything heavy."""

import json
import logging
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np

from rmexp.data.trained_on import TrainedOn, union
from rmexp.durable import whole_file
from rmexp.left_files import read_json
from rmexp.models.backbones.location import ADAPTER_CONFIG

log = logging.getLogger(__name__)

FILE = "trained_on.npz"
_CONTRACT = "contract.json"


class Promise(NamedTuple):
    """What a contract says of the file.

    Attributes:
        file: its name; None in a contract that names none.
        fingerprint: of its content.
    """

    file: str | None
    fingerprint: str | None


def write_trained_on(folder: Path, known: TrainedOn) -> Promise:
    """Write `trained_on.npz`: 8 bytes a key, the same bytes for the same keys."""
    with whole_file(folder / FILE) as file:
        np.savez(file, **known.arrays())  # type: ignore[arg-type]  # arrays, which it takes as keywords
    return Promise(FILE, known.fingerprint())


def read_trained_on(folder: str) -> TrainedOn | None:
    """What the model of a folder was trained on; None where nothing says it: an address, or a model made elsewhere.

    Args:
        folder: of a model with its contract, or of an adapter, of which its base is a part.

    Raises:
        ValueError: a file is damaged, or is not the one that the contract names.
    """
    settings = Path(folder) / ADAPTER_CONFIG
    if not settings.is_file():
        return _read(folder)
    base = read_json(settings).get("base_model_name_or_path")
    return union([_read(folder), _read(str(base))])


def _read(folder: str) -> TrainedOn | None:
    promised = promise(folder)
    path = Path(folder) / (promised.file or FILE)
    if not path.is_file():
        if promised.file is not None:
            log.warning("%s names %s, but there is none: what the model was trained on is not known", folder, path.name)
        return None
    try:
        with np.load(path, allow_pickle=False) as content:
            known = TrainedOn(**{name: content[name].astype("<u8") for name in content.files})
    except (ValueError, TypeError, OSError, EOFError, BadZipFile) as error:
        raise ValueError(f"{path}: expected the keys of what the model was trained on, got a damaged file") from error
    found = known.fingerprint()
    if promised.fingerprint not in (None, found):
        raise ValueError(
            f"{path}: the contract beside it promises the fingerprint {promised.fingerprint}, but the file has {found} "
            "(copy the whole folder)"
        )
    return known


def promise(folder: str) -> Promise:
    """What the contract in a folder says of the file; nothing where there is no contract."""
    path = Path(folder) / _CONTRACT
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError:  # whoever loads the model says what is wrong with it
        content = {}
    content = content if isinstance(content, dict) else {}
    return Promise(content.get("trained_on"), content.get("trained_on_fingerprint"))
