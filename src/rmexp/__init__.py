"""rmexp: configuration-driven reward-model experiments.

What a program may want is here by its name, and is imported when it is asked for: `import rmexp` alone costs nothing.

>>> import rmexp
>>> rmexp.bradley_terry_loss.__module__
'rmexp.losses.bradley_terry'
"""

import importlib

__version__ = "0.1.0"

# Where each name is defined; `__init__.pyi` says the same to type checkers.
_PLACES = {
    "Candidates": "rmexp.records",
    "Comparison": "rmexp.scoring.text_scorer",
    "DPOModule": "rmexp.training.dpo",
    "PairFigures": "rmexp.metrics.pair_figures",
    "PairwiseAccuracy": "rmexp.metrics.pairwise_accuracy",
    "Preference": "rmexp.records",
    "RewardModel": "rmexp.models.reward_model",
    "RewardModule": "rmexp.training.reward",
    "SFTModule": "rmexp.training.sft",
    "TextScorer": "rmexp.scoring.text_scorer",
    "bradley_terry_loss": "rmexp.losses.bradley_terry",
    "dpo_loss": "rmexp.losses.dpo",
    "load": "rmexp.scoring.text_scorer",
    "load_backbone": "rmexp.models.folders.folder",
    "next_token_loss": "rmexp.losses.next_token",
    "pair_data": "rmexp.training.data.pair_data",
}

__all__ = ["__version__", *_PLACES]


def __getattr__(name: str) -> object:
    """What a name stands for, imported now."""
    if name not in _PLACES:
        raise AttributeError(f"module `rmexp` has no `{name}`")
    return getattr(importlib.import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    """All names."""
    return sorted(__all__)
