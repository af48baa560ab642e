"""How long a sequence a model reads where nobody says it."""

from pathlib import Path
from typing import Any

from rmexp.left_files import read_json
from rmexp.models.backbones.location import ADAPTER_CONFIG, CONFIG, is_adapter
from rmexp.models.folders.contract import read_contract
from rmexp.phases import importing

MAX_TOKENS = 512  # as `data.max_tokens` has it, where no contract says what a model was trained with
POSITIONS = "max_position_embeddings"
OLDER_POSITIONS = "n_positions"
OLDER = ("codegen", "ctrl", "gpt2", "gpt_bigcode", "gptj", "openai-gpt")  # types of models that call them so


def longest_read(path: str, revision: str | None = None) -> int:
    """Tokens of the longest sequence that a model was trained with; else 512, or what it has positions for.

    Args:
        path: of a model folder, or a hub id, with `@` and a revision if need be.
        revision: of the hub id; None for the newest.
    """
    contract = read_contract(path)
    if contract is not None:
        return contract.max_tokens
    if is_adapter(path):
        settings = read_json(Path(path) / ADAPTER_CONFIG)
        path, revision = str(settings.get("base_model_name_or_path")), settings.get("revision")
    file = _configuration(path, revision)
    found = None if file is None else _positions(read_json(file))
    return min(MAX_TOKENS, found or _positions_told(path, revision) or MAX_TOKENS)


def _configuration(path: str, revision: str | None) -> Path | None:
    """The configuration of a model as far as it is on disk."""
    if Path(path).is_dir():
        return file if (file := Path(path) / CONFIG).is_file() else None
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    name, _, named = path.partition("@")
    try:
        kept = try_to_load_from_cache(name, CONFIG, revision=named or revision)
    except HFValidationError:  # it is no hub id
        return None
    return Path(kept) if isinstance(kept, str) else None


def _positions(content: dict[str, Any]) -> int | None:
    """What a configuration says in plain words; None where only transformers knows what it means."""
    text = content.get("text_config", content)
    if not isinstance(text, dict) or (text is content and _has_parts(content)):
        return None
    found = text.get(OLDER_POSITIONS if text.get("model_type") in OLDER else POSITIONS)
    return found if isinstance(found, int) and found > 0 else None


def _has_parts(content: dict[str, Any]) -> bool:
    return any(isinstance(value, dict) and "model_type" in value for value in content.values())


def _positions_told(path: str, revision: str | None) -> int | None:
    """The same as transformers reads it."""
    with importing("transformers"):
        from rmexp.models.backbones.pretrained import AS_SAVED, find_source
    try:
        config = find_source(path, revision, AS_SAVED, trust_remote_code=False).config().get_text_config()
    except ValueError:  # whoever reads the whole model says what is wrong with it, or may read it by code of its own
        return None
    found = getattr(config, POSITIONS, None)
    return found if isinstance(found, int) and found > 0 else None  # XLNet says -1 for as many as one likes
