"""What may stand in arguments of others' functions and in keys of verbs, which no signature of ours says.

Both are written as annotations, see `rmexp.config.parameters.annotations`.
"""

import ast
from collections.abc import Mapping

_FINITE, _SHARE = "Annotated[float, 'finite']", "Annotated[float, 'in [0, 1)']"
_LIMIT = "Annotated[float, 'at least 0 or inf']"
_LEAST_0, _LEAST_1 = "Annotated[float, 'at least 0']", "Annotated[int, 'at least 1']"
_OPTIMIZER = {"lr": _LEAST_0, "weight_decay": _LEAST_0}
_ADAM = {**_OPTIMIZER, "eps": _LEAST_0, "betas": f"tuple[{_SHARE}, {_SHARE}]"}
_OF_OTHERS = {
    "torch.optim.adam.Adam": _ADAM,
    "torch.optim.adamw.AdamW": _ADAM,
    "torch.optim.sgd.SGD": {**_OPTIMIZER, "momentum": _LEAST_0, "dampening": _FINITE},
    "torch.optim._adafactor.Adafactor": {
        **_OPTIMIZER,
        "beta2_decay": "Annotated[float, 'at most 0']",
        "d": "Annotated[float, 'at least 1 or inf']",
        "eps": f"tuple[{_LEAST_0} | None, {_LEAST_0}]",
    },
    "lightning.pytorch.trainer.trainer.Trainer": {
        "accelerator": "Literal['auto', 'cpu', 'gpu', 'cuda', 'mps', 'tpu']",
        "devices": "Literal[-1] | Annotated[int, 'at least 1'] | str | list[Annotated[int, 'at least 0']]",
        "num_nodes": _LEAST_1,
        "gradient_clip_val": f"{_LIMIT} | None",
        "accumulate_grad_batches": _LEAST_1,
        "log_every_n_steps": "Annotated[int, 'at least 0']",
        "gradient_clip_algorithm": "Literal['value', 'norm'] | None",
        "limit_train_batches": f"{_LEAST_0} | None",
    },
}
_OF_VERBS = {
    "seed": "Annotated[int, 'in [0, 4294967295]']",
    "threads": f"{_LEAST_1} | None",
    "shard_records": _LEAST_1,
    "plan": "bool",
    "plan_flops": "Annotated[float, '> 0']",
    "shift_pairs": "Annotated[int, 'at least 0']",
    "policies.prompts": "Annotated[int, 'at least 0']",
    "policies.responses": _LEAST_1,
    "policies.best_of": _LEAST_1,
    "policies.max_new_tokens": _LEAST_1,
    "candidates.prompts": _LEAST_1,
    "candidates.n": _LEAST_1,
    "candidates.max_new_tokens": _LEAST_1,
    "candidates.temperature": _LEAST_0,
    "candidates.top_p": "Annotated[float, 'in (0, 1]']",
    "keep.min_margin": f"{_FINITE} | None",
    "keep.min_score": f"{_FINITE} | None",
    "keep.max_disagreement": f"{_LIMIT} | None",
    "keep.share": "Annotated[float, 'in (0, 1]'] | None",
    "keep.per_group": f"{_LEAST_1} | None",
    "keep.top": f"{_LEAST_1} | None",
    "pairs": "Annotated[int, 'at least 2']",
    "traced": "Annotated[int, 'at least 0']",
    "learning.steps": "Annotated[int, 'at least 0']",
    "learning.lr": _LEAST_0,
    "model.adapters.rank": _LEAST_1,
    "model.adapters.alpha": "Annotated[float, '> 0']",
    "merge": "bool",
    "overwrite": "bool",
    "open": "bool",
    "watch": "bool",
}


def narrowed(target: str) -> dict[str, ast.expr]:
    """Annotations in the place of those that a function or class of others has, by argument."""
    return _read(_OF_OTHERS.get(target, {}))


def of_verbs() -> dict[str, ast.expr]:
    """Annotations of keys that are no arguments of a target, by dotted path: each means the same to all verbs."""
    return _read(_OF_VERBS)


def _read(annotations: Mapping[str, str]) -> dict[str, ast.expr]:
    return {key: ast.parse(text, mode="eval").body for key, text in annotations.items()}
