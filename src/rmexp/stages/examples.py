"""What a stage learns from: the pairs of its data, or its demonstrations, encoded and accounted for."""

import logging
from typing import NamedTuple, cast

from rmexp.data.account import Account
from rmexp.data.encode import Encoder, PairTokens, ResponseTokens, encode_demonstrations, encode_pairs
from rmexp.data.loaded import LoadedData
from rmexp.data.loading import Batching
from rmexp.training.data.demonstration_data import DemonstrationData
from rmexp.training.data.loader import Passes
from rmexp.training.data.pair_data import PairData
from rmexp.training.pairs import Pairs

log = logging.getLogger(__name__)


class Examples(NamedTuple):
    """The training and the validation split, encoded.

    Attributes:
        kind: `pairs` or `demonstrations`.
        train: to learn from.
        val: to validate with.
        accounts: what became of each split.
    """

    kind: str
    train: list[PairTokens] | list[ResponseTokens]
    val: list[PairTokens] | list[ResponseTokens]
    accounts: dict[str, Account]

    def data(
        self, batching: Batching, passes: Passes, cache_dir: str | None, *, packed: bool
    ) -> PairData | DemonstrationData:
        """As Lightning asks for them."""
        most = batching.batch_tokens
        if self.kind == "pairs":
            train, val = cast(list[PairTokens], self.train), cast(list[PairTokens], self.val)
            pairs = Pairs(train, val, batching.batch_pairs, cache_dir)
            return PairData(pairs, passes, batch_tokens=most, packed=packed)
        shown = cast(list[ResponseTokens], self.train), cast(list[ResponseTokens], self.val)
        return DemonstrationData(*shown, batching.batch_pairs, passes, batch_tokens=most, packed=packed)

    def lost(self, reason: str) -> int:
        """Examples of both splits that were `dropped`, `identical` or `truncated`."""
        return sum(getattr(account, reason) for account in self.accounts.values())


def encoded_examples(task: str, learns_from: tuple[str, ...], data: LoadedData, encoder: Encoder) -> Examples:
    """Encode what a task learns from; what was cut or left out is logged.

    Args:
        task: for messages.
        learns_from: kinds of examples that it can use.
        data: with a training and a validation split.
        encoder: of prompts and responses.

    Raises:
        ValueError: the data has other examples, or none of a split is left.
    """
    records = data.records
    kind = "demonstrations" if records.demonstrations else "pairs"
    if kind not in learns_from:
        raise ValueError(f"task={task} learns from {learns_from[0]}, but data={data.name} has {kind} (set data)")
    encoded: dict[str, tuple[list[PairTokens] | list[ResponseTokens], Account]] = {}
    for name in ("train", "val"):
        if records.demonstrations:
            encoded[name] = encode_demonstrations(records.demonstrations.get(name, ()), encoder)
        else:
            encoded[name] = encode_pairs(records.splits.get(name, ()), encoder, data.batching.batch_by)
        _tell(kind, name, encoded[name][1], encoder.limits.max_tokens)
    (train, train_account), (val, val_account) = encoded["train"], encoded["val"]
    return Examples(kind, train, val, {"train": train_account, "val": val_account})


def _tell(kind: str, name: str, account: Account, max_tokens: int) -> None:
    if account.truncated or account.kept < account.pairs:
        log.info(
            "%s: %d of %d %s kept, %d of them cut to %d tokens; %d dropped, %d identical once cut",
            *(name, account.kept, account.pairs, kind, account.truncated, max_tokens),
            *(account.dropped, account.identical),
        )
    if account.pairs and not account.kept:
        raise ValueError(f"none of the {account.pairs} {kind} of the split `{name}` is left (raise data.max_tokens)")
