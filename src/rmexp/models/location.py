"""Where a model is: a local folder or a repository on the hub; told without loading anything."""

import hashlib
from pathlib import Path


def is_model_folder(path: str) -> bool:
    """Whether `path` is a local folder with a model.

    Raises:
        ValueError: it is a local path, but holds no model.
    """
    folder = Path(path)
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            inside = f"; did you mean {folder / 'model'}" if (folder / "model" / "config.json").is_file() else ""
            raise ValueError(f"{path} is no model folder: it has no config.json{inside}")
        return True
    if folder.exists() or path.startswith((".", "/", "~")) or path.count("/") > 1:
        raise ValueError(f"{path}: expected a model folder or a hub id, but there is no such folder")
    return False


def folder_fingerprint(folder: str) -> str:
    """SHA-256 over the weights and configuration in a model folder, or of the name itself for a hub id.

    Raises:
        ValueError: `folder` is a local path, but holds no model.
    """
    if not is_model_folder(folder):
        return hashlib.sha256(folder.encode()).hexdigest()[:16]
    path, digest = Path(folder), hashlib.sha256()
    for file in sorted([*path.glob("*.safetensors"), *path.glob("*.bin"), path / "config.json"]):
        digest.update(file.name.encode())
        with file.open("rb") as content:
            while block := content.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:16]
