"""What is said of the data of a command line: that nobody named a set, and which of its keys the verb does not read."""

import logging
from collections.abc import Mapping, Sequence, Set

from rmexp.config.compose import hydra_config

log = logging.getLogger(__name__)

_LEARNT = {"train_pairs", "label_noise", "sample_seed", "difficulty_bins", "leaks", "leak_similarity", "leaks_against"}
_SPLIT = {"val_fraction", "split_seed"}
_SCORED = {*_LEARNT, "batch_by", "batch_tokens", "max_val_pairs"}
# Of the keys that every data set has, those that a verb does not read.
UNREAD: Mapping[str, Set[str]] = {
    "evaluate": _SCORED,
    "score": {*_SCORED, *_SPLIT, "group", "difficulty", "trained_on"},
    "inspect": {*_SCORED, *_SPLIT, "difficulty"},
    "best-of-n": {*_SCORED, *_SPLIT, "group", "difficulty"},
    "filter": {*_SCORED, *_SPLIT, "difficulty", "trained_on"} - {"label_noise", "sample_seed"},
    "profile": {"train_pairs", "label_noise", "sample_seed", "difficulty", "difficulty_bins", "trained_on"}
    | {"truncation", "batch_pairs", "batch_by", "batch_tokens", "max_val_pairs"},
}
ELSEWHERE = {"best-of-n": {"candidates.path"}, "score": {"prompt", "response", "input"}}  # where there is no data set
LIMITS = {"max_tokens", "truncation", "cache_dir", "batch_pairs"}  # of `data`, which scorers keep to all the same


def tell_data(verb: str, overrides: Sequence[str], folder: str | None) -> None:
    """Log a sentence where a verb takes its data from the tree alone, and one on keys that it does not read.

    Overrides that several verbs share may hold such keys, so that they are no mistake.

    Args:
        verb: name of the primary configuration.
        overrides: of the command line, sweeps among them.
        folder: searched for options that the tree does not have.
    """
    keys = [text.lstrip("+~").partition("=")[0] for text in overrides]
    if unread := [key for key in dict.fromkeys(keys) if _is_unread(verb, key, {*keys})]:
        have, them = ("has", "it") if len(unread) == 1 else ("have", "them")
        log.warning("%s %s no effect: rmexp %s does not read %s", ", ".join(unread), have, verb, them)
    if {*keys} & {"data", "experiment", "hydra.searchpath", *ELSEWHERE["best-of-n"], *ELSEWHERE["score"]}:
        return
    name = hydra_config(verb, overrides, folder).runtime.choices.get("data")
    if name is not None:
        log.info("no data= is given: %s takes the built-in data set %s (data=jsonl data.path=FILE: yours)", verb, name)


def _is_unread(verb: str, key: str, given: Set[str]) -> bool:
    """Whether a key is one of a data set that a verb does not read beside others that are given."""
    node, _, name = key.rpartition(".")
    if ELSEWHERE.get(verb, set()) & given:
        kept = LIMITS | {"trained_on"} - UNREAD[verb]
        return key.startswith("data.") and name not in kept
    return name in UNREAD.get(verb, ()) and (node == "data" or node.rpartition(".")[0] == "tests")
