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
    "Encoder": "rmexp.encoding.encode",
    "Limits": "rmexp.data.loading",
    "PairData": "rmexp.training.data.pair_data",
    "PairFigures": "rmexp.metrics.pair_figures",
    "Pairs": "rmexp.training.pairs",
    "PairwiseAccuracy": "rmexp.metrics.pairwise_accuracy",
    "Passes": "rmexp.training.data.loader",
    "Preference": "rmexp.records",
    "RewardModule": "rmexp.training.reward",
    "SFTModule": "rmexp.training.sft",
    "TextScorer": "rmexp.scoring.text_scorer",
    "bradley_terry_loss": "rmexp.losses.bradley_terry",
    "dpo_loss": "rmexp.losses.dpo",
    "encode_pairs": "rmexp.encoding.encode",
    "load": "rmexp.scoring.text_scorer",
    "next_token_loss": "rmexp.losses.next_token",
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
