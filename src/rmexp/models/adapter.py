"""LoRA adapters as PEFT leaves them: told from model folders, and merged with what they adapt, head included."""

import hashlib
import importlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def is_adapter(path: str) -> bool:
    """Whether a folder holds an adapter, not a whole model."""
    return (Path(path) / CONFIG).is_file() and not (Path(path) / "config.json").is_file()


def adapter_fingerprint(path: str) -> str:
    """SHA-256 of an adapter's configuration and weights, as 16 hexadecimal digits; the base is named by the former."""
    digest = hashlib.sha256()
    for name in (CONFIG, WEIGHTS):
        digest.update((Path(path) / name).read_bytes() if (Path(path) / name).is_file() else b"")
    return digest.hexdigest()[:16]


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

    settings = json.loads((Path(path) / CONFIG).read_text(encoding="utf-8"))
    task, base = settings.get("task_type"), str(settings.get("base_model_name_or_path"))
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
