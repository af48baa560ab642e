"""Causal language models that transformers loads: hub ids and local folders, each failure one sentence."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import model_info, try_to_load_from_cache
from huggingface_hub.errors import HTTPError, OfflineModeIsEnabled, RepositoryNotFoundError, RevisionNotFoundError
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from rmexp.models.backbones.language_model import LanguageModel
from rmexp.models.backbones.location import is_model_folder

DTYPES = ("float32", "bfloat16", "float16")


def hub(
    texts: Iterable[str], seed: int, *, path: str, revision: str | None, dtype: str, trust_remote_code: bool
) -> LanguageModel:
    """Load a language model and its tokenizer.

    Args:
        texts: not used; a tokenizer comes with the model.
        seed: not used; the weights come with the model.
        path: local folder, or hub id such as `TinyLlama/TinyLlama-1.1B-Chat-v1.0`, with `@` and a revision if need be.
        revision: commit, tag or branch of a hub repository; the commit it stands for is recorded.
        dtype: of the weights: float32, bfloat16 or float16.
        trust_remote_code: whether code from the repository may run.

    Raises:
        ValueError: no model there, no such repository, or no network to fetch it.
    """
    causal_lm, tokenizer, path, commit = load_pretrained(
        AutoModelForCausalLM, path, revision, dtype, trust_remote_code, kind="language model"
    )
    return LanguageModel(causal_lm, tokenizer, path, commit)


def load_pretrained(
    auto_class: Any,
    path: str,
    revision: str | None,
    dtype: str,
    trust_remote_code: bool,
    *,
    kind: str = "model of that kind",
    not_needed: tuple[str, ...] = (),
) -> tuple[PreTrainedModel, Any, str, str | None]:
    """A model with all its weights, its tokenizer, its path without revision, and its commit on the hub.

    Args:
        auto_class: of transformers, to load the model with.
        path: as for `hub`.
        revision: as for `hub`.
        dtype: as for `hub`.
        trust_remote_code: as for `hub`.
        kind: of model that is expected, for messages.
        not_needed: starts of the names of weights that may be missing.

    Raises:
        ValueError: no such type, no model there, or one without some of its weights.
    """
    if dtype not in DTYPES:
        raise ValueError(f"model.dtype must be one of {', '.join(DTYPES)}, got {dtype}")
    options: dict[str, Any] = {"trust_remote_code": trust_remote_code}
    commit = None
    if not is_model_folder(path):
        path, _, named = path.partition("@")
        commit = resolve_commit(path, named or revision)
        options["revision"] = commit
    tokenizer = from_pretrained(AutoTokenizer, path, **options)
    options |= {"dtype": getattr(torch, dtype), "output_loading_info": True}
    model, loading = from_pretrained(auto_class, path, **options)
    missing = sorted(name for name in loading["missing_keys"] if not name.startswith(not_needed))
    if missing:  # transformers would draw them at random
        raise ValueError(f"{path} is no {kind}: it has no weights for {', '.join(missing[:3])}")
    return model, tokenizer, path, commit


def from_pretrained(auto_class: Any, path: str, **options: Any) -> Any:
    """What `auto_class` of transformers loads from a folder or hub id.

    Raises:
        ValueError: files are missing, damaged or of another kind; one sentence, whatever was raised inside.
    """
    try:
        return auto_class.from_pretrained(path, **options)
    except (OSError, ValueError, SafetensorError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(f"{path} cannot be loaded with {auto_class.__name__}: {reason}") from error


def resolve_commit(path: str, revision: str | None) -> str:
    """The commit of a hub repository that a revision stands for, from the local cache or else from the hub.

    Asking for it first makes a missing network one quick sentence, where loading would retry for half a minute.
    """
    cached = try_to_load_from_cache(path, "config.json", revision=revision)
    if isinstance(cached, str):
        return Path(cached).parent.name
    try:
        return str(model_info(path, revision=revision, timeout=10).sha)
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        at = f" at revision {revision}" if revision else ""
        raise ValueError(
            f"{path}{at} is neither a local folder nor a hub repository that can be read (set the key that names it, "
            "such as model.path)"
        ) from error
    except (OfflineModeIsEnabled, HTTPError, OSError) as error:
        reason = "HF_HUB_OFFLINE is set" if isinstance(error, OfflineModeIsEnabled) else type(error).__name__
        raise ValueError(
            f"{path} is no local folder, is not in the hub's local cache, and the hub cannot be reached ({reason}); "
            "set the key that names it, such as model.path, to a folder, or connect to a network"
        ) from error
