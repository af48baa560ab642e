"""The contract of a model folder: what scores depend on beside the weights, written with it and checked at load."""

from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

from rmexp.durable import write_json
from rmexp.encoding.tokenizer_identity import tokenizer_fields
from rmexp.jsonl import describe
from rmexp.left_files import damage_told, read_json
from rmexp.models.backbones.location import folder_fingerprint

FILE = "contract.json"


@dataclass(frozen=True)
class Contract:
    """What a model folder promises.

    Attributes:
        kind: `reward_model` or `language_model`.
        tokenizer: fingerprint of vocabulary, merges and special tokens.
        chat_template: fingerprint of the template; None without one.
        bos: id of the begin token, or None.
        eos: id of the end token that closes every response.
        pad: id of the padding token, or None.
        pooling: hidden state that the reward is read from; None for a language model.
        max_tokens: longest sequence in training.
        dtype: of the weights.
        base_model: what training started from.
        revision: its commit, for a hub repository.
        reward_mean: of responses of the training split, for a reward model.
        reward_sd: the same, standard deviation.
        reward_responses: how many responses these are of; None in older folders.
        beta: of a DPO policy's implicit reward.
        reduction: of its log-ratios over the tokens of a response, `response_sum` or `response_mean`.
        reference: fingerprint of the reference that a DPO policy's implicit reward is relative to.
        trained_on: name of the file beside it with the keys of what the model was trained on; None where nobody knows.
        trained_on_fingerprint: of its content.
    """

    kind: str
    tokenizer: str
    chat_template: str | None
    bos: int | None
    eos: int | None
    pad: int | None
    pooling: str | None
    max_tokens: int
    dtype: str
    base_model: str
    revision: str | None
    reward_mean: float | None = None
    reward_sd: float | None = None
    reward_responses: int | None = None
    beta: float | None = None
    reduction: str | None = None
    reference: str | None = None
    trained_on: str | None = None
    trained_on_fingerprint: str | None = None

    def save(self, folder: Path) -> None:
        """Write `contract.json`."""
        write_json(folder / FILE, asdict(self))


def read_contract(folder: str) -> Contract | None:
    """The contract in a folder, or None where there is none: a hub id, or a folder that transformers alone wrote.

    Raises:
        ValueError: the file is damaged, or of a later version.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        return None
    content, known = read_json(path), {field.name: field for field in fields(Contract)}
    if unknown := [name for name in content if name not in known]:
        raise ValueError(f"{path}: `{unknown[0]}` is no field of a contract (a later version of rmexp may know it)")
    with damage_told(path):
        for name, kinds in get_type_hints(Contract).items():
            if name not in content and known[name].default is MISSING:
                raise ValueError(f"it has no `{name}`")
            value = content.get(name)
            if name in content and not isinstance(value, kinds | int if float in get_args(kinds) else kinds):
                raise ValueError(f"`{name}` is {describe(value)}")
    return Contract(**content)


def check_tokenizer(contract: Contract, tokenizer: Any, folder: str) -> None:
    """Refuse a tokenizer that is not the one the model was trained with.

    Raises:
        ValueError: naming the first field that differs, with both values.
    """
    for name, value in tokenizer_fields(tokenizer).items():
        promised = getattr(contract, name)
        if value != promised:
            raise ValueError(f"{folder}: {FILE} promises {name} {promised}, but the tokenizer there has {value}")


def check_reference(policy: str, reference: str) -> None:
    """Refuse a reference that is not the one a policy's contract, if there is one, names.

    Raises:
        ValueError: naming both.
    """
    contract = read_contract(policy)
    if contract is not None and contract.reference is not None:
        found = folder_fingerprint(reference)
        if found != contract.reference:
            raise ValueError(
                f"{policy} was trained from the reference {contract.reference}, but {reference} is {found} "
                "(set scorer.reference)"
            )


def reference_beside(policy: str) -> str | None:
    """The folder that a run left beside its policy, where the policy was measured against that one; else None.

    A contract names no reference where the policy began with new weights: then it is the one that its run has left.
    """
    contract, beside = read_contract(policy), Path(policy).parent / "reference"
    if contract is None or not beside.is_dir():
        return None
    return str(beside) if contract.reference in (None, folder_fingerprint(str(beside))) else None
