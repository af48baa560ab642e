"""Where a model is: a local folder or a repository on the hub; told without loading anything."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from rmexp.left_files import read_json
from rmexp.phases import Phase, phase
from rmexp.sources.file_names import is_place

ADAPTER_CONFIG, CONFIG = "adapter_config.json", "config.json"
_TOKENIZER = ("*token*.json", "*.jinja", "*/*.jinja", "vocab.*", "merges.txt", "*.model")  # files that one is made of


def model_folder(path: str) -> str:
    """The model in a run folder, or else the path itself: whoever reads one finds the other."""
    folder = Path(path)
    files = (CONFIG, ADAPTER_CONFIG)
    if any((folder / file).is_file() for file in files):
        return path
    return str(folder / "model") if any((folder / "model" / file).is_file() for file in files) else path


def is_model_folder(path: str) -> bool:
    """Whether `path` is a local folder with a model.

    Raises:
        ValueError: it is a local path, but holds no model.
    """
    folder = Path(path)
    if folder.is_dir():
        if not (folder / CONFIG).is_file():
            if is_adapter(path):
                raise ValueError(f"{path} is an adapter, no whole model (model.init_from takes adapters too)")
            inside = f"; did you mean {folder / 'model'}" if model_folder(path) != path else ""
            raise ValueError(f"{path} is no model folder: it has no config.json{inside}")
        return True
    if folder.exists() or is_place(path):
        raise ValueError(f"{path}: expected a model folder or a hub id, but there is no such folder")
    return False


def is_adapter(path: str) -> bool:
    """Whether a folder holds an adapter of PEFT, not a whole model."""
    return (Path(path) / ADAPTER_CONFIG).is_file() and not (Path(path) / CONFIG).is_file()


def folder_fingerprint(folder: str) -> str:
    """SHA-256 over the weights and configuration of a model or an adapter, or of the name itself for a hub id.

    What else decides its scores is in `model_inputs`.

    Raises:
        ValueError: `folder` is a local path, but holds no model.
    """
    adapter = is_adapter(folder)
    if not adapter and not is_model_folder(folder):
        return hashlib.sha256(folder.encode()).hexdigest()[:16]
    path = Path(folder)
    with phase(Phase.READING, folder):
        settings = path / (ADAPTER_CONFIG if adapter else CONFIG)
        return _digest([*path.glob("*.safetensors"), *path.glob("*.bin"), settings])


def model_inputs(name: str, folder: str | None) -> dict[str, str | None]:
    """Fingerprints of all that decides what a model in a folder gives: another of them, and it is another model.

    Args:
        name: of the model.
        folder: with it, or a hub id; None for no model.

    Returns:
        By the name that of the folder; behind a dot those of the `tokenizer` in it, chat templates included, and of the
        `base` of an adapter, where there are such.

    Raises:
        ValueError: `folder`, or the base, is a local path, but holds no model.
    """
    if folder is None:
        return {name: None}
    inputs: dict[str, str | None] = {name: folder_fingerprint(folder)}
    if tokenizer := [file for pattern in _TOKENIZER for file in Path(folder).glob(pattern)]:
        inputs[f"{name}.tokenizer"] = _digest(tokenizer)
    if is_adapter(folder):
        base = str(read_json(Path(folder) / ADAPTER_CONFIG).get("base_model_name_or_path"))
        inputs |= model_inputs(f"{name}.base", base)
    return inputs


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.name.encode())
        with file.open("rb") as content:
            while block := content.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:16]
