"""How long a sequence scorers read where the configuration leaves it to their models."""

import logging
from collections.abc import Iterator, Mapping

from omegaconf import DictConfig, OmegaConf

from rmexp.config.identity.unset import UNSET_LIMIT
from rmexp.data.loading import Limits
from rmexp.models.backbones.location import model_folder
from rmexp.models.folders.longest_read import longest_read
from rmexp.reports.cut import cut_sentence
from rmexp.scored import ResponseCounts
from rmexp.scoring.scorer import Scorer
from rmexp.verbs.scorers import MODEL, named

log = logging.getLogger(__name__)

SCORERS = ("scorer", "scorers", "gold")  # nodes of verbs that train nothing
LIMIT = "max_tokens"


def with_limits(config: DictConfig) -> DictConfig:
    """The configuration with `data.max_tokens` as its scorers' models were trained, where it is not set.

    Args:
        config: of a verb; one that trains says itself how long its sequences are.
    """
    return config if "trainer" in config else limited_by(config, dict(_models(config)))


def limited_by(config: DictConfig, models: Mapping[str, str]) -> DictConfig:
    """The configuration with `data.max_tokens` as some models were trained, where it is not set.

    Where they were trained with several limits all keep to the smallest, so that they read the same texts. That of a
    model which does not say it is 512, or what it has positions for.

    Args:
        config: of a verb.
        models: their folders or addresses, by the keys that name them.
    """
    unset = [path for path in _data(config) if _is_unset(config, path)]
    if not unset or not models:
        return config
    limits = {key: longest_read(model_folder(path), _revision(config, key)) for key, path in models.items()}
    smallest = min(limits.values())
    if len(set(limits.values())) > 1:
        told = ", ".join(f"{key} with {limit}" for key, limit in limits.items())
        log.warning(
            "the models were trained with several limits, %s: all read %d tokens (set data.max_tokens)", told, smallest
        )
    config = config.copy()
    for path in unset:
        OmegaConf.update(config, f"{path}.{LIMIT}", smallest)
    return config


def _data(config: DictConfig) -> list[str]:
    """Where the data sets of a configuration stand."""
    return ["data", *(f"tests.{name}" for name in config.get("tests") or ())]


def _is_unset(config: DictConfig, path: str) -> bool:
    node = OmegaConf.select(config, path)
    content = OmegaConf.to_container(node, resolve=False) if isinstance(node, DictConfig) else {}
    return isinstance(content, dict) and content.get(LIMIT) == UNSET_LIMIT


def _models(config: DictConfig) -> Iterator[tuple[str, str]]:
    """The models of all scorers, each by its key; of an implicit reward, the policy."""
    for name in SCORERS:
        content = OmegaConf.to_container(config[name], resolve=True) if config.get(name) else {}
        models = {
            key.rpartition(".")[0]: (key, path)
            for key, path, what in reversed([*named(content, name)])
            if what == MODEL
        }
        yield from reversed(models.values())


def _revision(config: DictConfig, key: str) -> str | None:
    """The revision of a model, beside the key that names it."""
    found = OmegaConf.select(config, f"{key.rpartition('.')[0]}.revision")
    return None if found is None else str(found)


def is_limited(scorer: Scorer, counts: ResponseCounts) -> bool:
    """Whether a scorer reads tokens itself, and so no more than its limit."""
    return not scorer.stored and (counts.truncated > 0 or scorer.tokenizer is not None)


def tell_cut(scorer: Scorer, counts: ResponseCounts, limits: Limits) -> None:
    """Say how much a scorer reads, and how many responses were longer.

    Args:
        scorer: of any kind; nothing is said of one that reads no tokens itself.
        counts: of all that it has scored.
        limits: that it kept to.
    """
    if is_limited(scorer, counts):
        log.info("%s", cut_sentence(scorer.name, limits.max_tokens, counts))
