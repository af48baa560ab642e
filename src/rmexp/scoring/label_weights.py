"""One reward of the labels that a classifier gives: a weighted sum of its raw outputs."""

from collections.abc import Mapping
from typing import Any


def label_weights(config: Any, weights: Mapping[str, float] | None, path: str) -> dict[str, float]:
    """The weight of each label, in their order.

    One label is the reward. Of two classes it is what the second has more than the first: the log-odds that the
    response is of the second. Any other model needs to be told.

    Args:
        config: of the classifier.
        weights: by the name or the number of a label; one that is not named counts for nothing.
        path: of the model, for messages.

    Raises:
        ValueError: weights are needed and not given, or one is of no label.

    >>> from transformers import LlamaConfig
    >>> label_weights(LlamaConfig(num_labels=2), None, "m")
    {'LABEL_0': -1.0, 'LABEL_1': 1.0}
    >>> label_weights(LlamaConfig(id2label={0: "helpful", 1: "long", 2: "safe"}), {"helpful": 1, "2": 0.5}, "m")
    {'helpful': 1.0, 'long': 0.0, 'safe': 0.5}
    """
    names = [str(config.id2label[number]) for number in range(config.num_labels)]
    if weights is None:
        if len(names) == 1:
            return {names[0]: 1.0}
        if len(names) == 2 and config.problem_type not in ("regression", "multi_label_classification"):
            return {names[0]: -1.0, names[1]: 1.0}
        raise ValueError(
            f"{path}: expected weights for its {len(names)} labels, which are {', '.join(names)} (set scorer.weights, "
            f"such as scorer.weights={{{names[0]}: 1}})"
        )
    numbers = {name: number for number, name in enumerate(names)} | {
        str(number): number for number in range(len(names))
    }
    if unknown := [name for name in map(str, weights) if name not in numbers]:
        raise ValueError(f"{path}: expected weights of {', '.join(names)}, got {unknown[0]} (set scorer.weights)")
    given = {numbers[str(name)]: float(weight) for name, weight in weights.items()}
    return {name: given.get(number, 0.0) for number, name in enumerate(names)}
