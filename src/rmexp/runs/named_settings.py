"""Settings of runs that stand side by side, as people call them: an option by the name that it was chosen by."""

import json
from collections.abc import Mapping, Sequence

from rmexp.runs.axes import ABSENT, Settings

TARGET = "._target_"
Choices = Mapping[str, str]  # options of a run by the nodes that they fill


def with_options(runs: Sequence[Settings], choices: Sequence[Choices], swept: Sequence[str] = ()) -> list[Settings]:
    """Settings of each run with the name of an option in the place of the target that it stands for.

    Args:
        runs: settings of each.
        choices: of each run; where they do not tell targets apart, these are called by the ends of their names.
        swept: keys that a sweep went through; the option of each is a setting, whatever it stands for.

    >>> adam, sgd = ({"optimizer._target_": f"torch.optim.{name}"} for name in ("adamw.AdamW", "sgd.SGD"))
    >>> with_options([adam, sgd], [{"optimizer": "adamw"}, {"optimizer": "sgd"}])
    [{'optimizer': 'adamw'}, {'optimizer': 'sgd'}]
    >>> with_options([adam, sgd], [{"optimizer": "adamw"}, {}])
    [{'optimizer': 'AdamW'}, {'optimizer': 'SGD'}]
    """
    keys = {key for run in runs for key, value in run.items() if key.endswith(TARGET) and isinstance(value, str)}
    names = {key: _names(key, runs, choices) for key in keys}
    return [
        {key.removesuffix(TARGET): names[key].get(value, value) if key in keys else value for key, value in run.items()}
        | {node: own[node] for node in swept if node in own}
        for run, own in zip(runs, choices, strict=True)
    ]


def _names(key: str, runs: Sequence[Settings], choices: Sequence[Choices]) -> Mapping[object, object]:
    """What each target of a node is called."""
    node = key.removesuffix(TARGET)
    chosen = {(run[key], own.get(node)) for run, own in zip(runs, choices, strict=True) if run.get(key) is not None}
    ends = {(target, str(target).rpartition(".")[2]) for target, _ in chosen}
    for found in (chosen, ends):
        called = dict(found)
        if None not in called.values() and len(found) == len(called) == len({*called.values()}):
            return called
    return {}


def in_words(settings: Settings) -> str:
    """Settings as they are typed, without those that a run has not.

    >>> in_words({"task": "dpo", "loss.beta": 0.1, "model.path": None, "scorer": ABSENT})
    'task=dpo, loss.beta=0.1, model.path=null'
    """
    told = (f"{key}={_typed(value)}" for key, value in settings.items() if value != ABSENT)
    return ", ".join(told) or "these runs"


def _typed(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
