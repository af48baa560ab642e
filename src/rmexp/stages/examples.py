"""What a stage learns from: the pairs of its data, or its demonstrations, encoded and accounted for."""

import logging
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from rmexp.data.clusters import clusters_of
from rmexp.data.loaded import LoadedData
from rmexp.encoding.account import Account
from rmexp.encoding.encode import Encoder
from rmexp.encoding.splits import EncodedPairs, ReadResponses, encode_split
from rmexp.training.data.demonstration_data import DemonstrationData
from rmexp.training.data.loader import Passes
from rmexp.training.data.pair_data import PairData
from rmexp.training.pairs import Pairs
from rmexp.training.stage import Learner

log = logging.getLogger(__name__)


class Examples(NamedTuple):
    """The training and the validation split, encoded.

    Attributes:
        kind: `pairs` or `demonstrations`.
        train: to learn from.
        val: to validate with.
        accounts: what became of each split.
        data: the same as batches.
        val_clusters: (N,) numbers of what is independent among the validation pairs; None where there are no pairs.
    """

    kind: str
    train: EncodedPairs | ReadResponses
    val: EncodedPairs | ReadResponses
    accounts: dict[str, Account]
    data: PairData | DemonstrationData
    val_clusters: NDArray[np.int64] | None


def encoded_examples(task: str, module: Learner, data: LoadedData, encoder: Encoder, passes: Passes) -> Examples:
    """Encode what a task learns from; what was cut or left out is logged.

    Args:
        task: for messages.
        module: that learns.
        data: with a training and a validation split.
        encoder: of prompts and responses.
        passes: over the training split.

    Raises:
        ValueError: the data has other examples, or none of a split is left.
    """
    records = data.records
    kind = "demonstrations" if records.demonstrations else "pairs"
    if kind not in module.learns_from:
        raise ValueError(f"task={task} learns from {module.learns_from[0]}, but data={data.name} has {kind} (set data)")
    encoded = {name: encode_split(records, name, encoder, data.batching.batch_by) for name in ("train", "val")}
    accounts = {name: account for name, (_, account) in encoded.items()}
    train, val = (encoded[name][0] for name in ("train", "val"))
    clusters = None
    if isinstance(val, EncodedPairs) and len(val):
        clusters = clusters_of(records.splits["val"], data.split_rule.group)[val.places]
    for name, account in accounts.items():
        _tell(kind, name, account, encoder.limits.max_tokens)
        _check_left(kind, name, account, encoded[name][0])
    if (places := _validated_with(val, clusters, data, kind)) is not None:
        val, clusters = val.of(places), None if clusters is None else clusters[places]
    log.info("%s: %d training and %d validation %s", task, len(train), len(val), kind)
    batches = _batches(kind, (train, val), data, passes, packed=module.packed)
    return Examples(kind, train, val, accounts, batches, clusters)


def _batches(
    kind: str, splits: tuple[object, object], data: LoadedData, passes: Passes, *, packed: bool
) -> PairData | DemonstrationData:
    batch_pairs, most = data.batching.batch_pairs, data.batching.batch_tokens
    if kind == "pairs":
        train, val = cast(tuple[EncodedPairs, EncodedPairs], splits)
        pairs = Pairs(train, val, batch_pairs, data.limits.cache_dir)
        return PairData(pairs, passes, batch_tokens=most, packed=packed)
    shown = cast(tuple[ReadResponses, ReadResponses], splits)
    return DemonstrationData(*shown, batch_pairs, passes, batch_tokens=most, packed=packed)


def _tell(kind: str, name: str, account: Account, max_tokens: int) -> None:
    if account.truncated or account.kept < account.pairs:
        log.info(
            "%s: %d of %d %s kept, %d of them cut to %d tokens; %d dropped, %d identical once cut",
            *(name, account.kept, account.pairs, kind, account.truncated, max_tokens),
            *(account.dropped, account.identical),
        )


def _check_left(kind: str, name: str, account: Account, encoded: EncodedPairs | ReadResponses) -> None:
    """Refuse a split of which nothing is left, and say why."""
    if account.kept or not account.pairs:
        return
    if account.identical == account.pairs and not encoded.responses.long.any():
        raise ValueError(
            f"none of the {account.pairs} {kind} of the split `{name}` is left: both responses of each come to the "
            "same tokens (set model.chat_template, or look at the data)"
        )
    raise ValueError(f"none of the {account.pairs} {kind} of the split `{name}` is left (raise data.max_tokens)")


def _validated_with(
    val: EncodedPairs | ReadResponses, clusters: NDArray[np.int64] | None, data: LoadedData, kind: str
) -> NDArray[np.int64] | None:
    """Places of what is validated with during training, where that is not all: at most data.max_val_pairs."""
    most = data.batching.max_val_pairs
    if most is None or len(val) <= most:
        return None
    told = (most, len(val), kind, " all pairs are scored when it is done" if kind == "pairs" else "")
    log.info("val: %d of %d %s validate during training (data.max_val_pairs);%s", *told)
    together = np.arange(len(val)) if clusters is None else clusters
    drawn = np.random.default_rng([data.split_rule.split_seed % 2**64, 1]).permutation(int(together.max()) + 1)
    return np.sort(np.argsort(drawn[together], kind="stable")[:most])
