"""How long a sequence a model reads where nobody says it."""

from rmexp.models.backbones.location import is_adapter
from rmexp.models.backbones.pretrained import AS_SAVED, find_source
from rmexp.models.folders.adapter import adapter_base
from rmexp.models.folders.contract import read_contract

MAX_TOKENS = 512  # as `data.max_tokens` has it, where no contract says what a model was trained with


def longest_read(path: str) -> int:
    """Tokens of the longest sequence that a model was trained with; else 512, or what it has positions for.

    Args:
        path: of a model folder, or a hub id.
    """
    contract = read_contract(path)
    if contract is not None:
        return contract.max_tokens
    path = adapter_base(path) if is_adapter(path) else path
    config = find_source(path, None, AS_SAVED, trust_remote_code=False).config().get_text_config()
    return min(MAX_TOKENS, getattr(config, "max_position_embeddings", None) or MAX_TOKENS)
