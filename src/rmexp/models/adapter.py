"""LoRA adapters as PEFT leaves them: merged with what they adapt, head included, or copied."""

import importlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rmexp.models.location import ADAPTER_CONFIG

WEIGHTS = "adapter_model.safetensors"


def adapter_base(path: str) -> str:
    """Folder or hub id of the model that an adapter adapts."""
    base = str(_settings(path).get("base_model_name_or_path"))
    return str(Path(base).resolve()) if Path(base).is_dir() else base


def _settings(path: str) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads((Path(path) / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    return settings


@contextmanager
def merged_adapter(path: str) -> Iterator[str]:
    """A folder with the merged model, gone again behind the block.

    Args:
        path: of an adapter on a causal language model or on a sequence classifier with one label.

    Raises:
        ValueError: peft is not installed, the adapter is of another kind, lacks its head, or cannot be loaded.
    """
    try:
        peft = importlib.import_module("peft")
    except ImportError as error:
        raise ValueError(f"{path} is an adapter: merging it needs peft (pip install 'rmexp[lora]')") from error
    from safetensors import SafetensorError, safe_open
    from transformers import AutoTokenizer

    task, base = _settings(path).get("task_type"), adapter_base(path)
    classes = {"SEQ_CLS": peft.AutoPeftModelForSequenceClassification, "CAUSAL_LM": peft.AutoPeftModelForCausalLM}
    if task not in classes:
        raise ValueError(f"{path}: expected an adapter for SEQ_CLS or CAUSAL_LM, got {task} (set path)")
    options: dict[str, Any] = {"num_labels": 1} if task == "SEQ_CLS" else {}
    try:
        with safe_open(Path(path) / WEIGHTS, "pt") as weights:
            if task == "SEQ_CLS" and not any(".score." in name for name in weights.keys()):  # noqa: SIM118
                raise ValueError(f"{path} has no weights of the head `score`: it was not among modules_to_save")
        model = classes[task].from_pretrained(path, **options).merge_and_unload()
        holder = path if (Path(path) / "tokenizer_config.json").is_file() else base
        tokenizer = AutoTokenizer.from_pretrained(holder)
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(f"the adapter {path} on {base} cannot be loaded: {reason}") from error
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        yield folder


def copy_adapter(path: str, folder: Path) -> None:
    """Write an adapter into another folder, where it still finds a base that lies in a local one."""
    settings = _settings(path) | {"base_model_name_or_path": adapter_base(path)}
    (folder / ADAPTER_CONFIG).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    shutil.copyfile(Path(path) / WEIGHTS, folder / WEIGHTS)
