"""Models of a comparison that were given: trained elsewhere, on what they say themselves."""

from collections.abc import Mapping

import numpy as np
from omegaconf import DictConfig

from rmexp.data.trained_on import TrainedOn
from rmexp.models.backbones.location import model_folder
from rmexp.models.folders.contract import reference_beside
from rmexp.models.folders.trained_on import read_trained_on
from rmexp.reports.drawing.numbers import count, counted
from rmexp.stages.obtain import Stage

MODELS = {"reward": "the reward model", "dpo": "the policy"}


def given_reference(config: DictConfig) -> str | None:
    """The SFT reference that a comparison is given: by its key, or beside a policy where both models are given."""
    if config.model.reference is not None:
        return str(config.model.reference)
    if config.reward.path is None or config.dpo.path is None:
        return None
    return reference_beside(model_folder(config.dpo.path))


def all_given(config: DictConfig) -> bool:
    """Whether nothing is trained."""
    both = config.reward.path is not None and config.dpo.path is not None
    return both and "ppo" not in config and given_reference(config) is not None


def given_sentence(stages: Mapping[str, Stage]) -> str | None:
    """Which of the two models were given, and on what they were trained; None where both were trained here.

    Args:
        stages: of the comparison, by name.
    """
    given = {name: read_trained_on(model_folder(stages[name].model)) for name in MODELS if stages[name].given}
    if not given:
        return None
    if len(given) == 1:
        ((name, known),) = given.items()
        (other,) = (text for own, text in MODELS.items() if own != name)
        return f"{_capital(MODELS[name])} was given, {_trained(known)}; {other} was trained here."
    first, second = given["reward"], given["dpo"]
    if first is not None and second is not None:
        common = len(np.intersect1d(first.pairs, second.pairs))
        if common == len(first.pairs) == len(second.pairs):
            return f"Both models were given, trained on the same {counted(common, 'pair')}."
        return (
            f"Both models were given: {MODELS['reward']}, {_trained(first)}, and {MODELS['dpo']}, {_trained(second)}, "
            f"{count(common)} of them in common."
        )
    told = ", and ".join(f"{MODELS[name]}, {_trained(known)}" for name, known in given.items())
    return f"Both models were given: {told}."


def _trained(known: TrainedOn | None) -> str:
    if known is None:
        return "which does not say what it was trained on"
    return f"trained on {counted(len(known.pairs), 'pair')}"


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"
