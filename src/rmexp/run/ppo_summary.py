"""The figures of a PPO run: columns of metrics.csv, and what summary.json makes of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from rmexp.run.data import LoadedData
from rmexp.training.judgement import Judgement
from rmexp.training.ppo import PPOModule
from rmexp.training.prompt_data import PromptData

SAMPLED = ("reward", "gold", "kl", "kl_k3", "entropy", "tokens", "ended", "empty")
UPDATED = ("policy_loss", "value_loss", "clip_fraction", "kl", "steps", "explained_variance")
TIMED = ("generation", "scoring", "update")
COLUMNS = (
    *("step", "epoch", "seconds", "lr", "kl_coefficient"),
    *(f"rollout/{name}" for name in SAMPLED),
    "rollout/objective",  # what is learnt from: the scaled reward, less penalties and the cost of the KL
    *(f"update/{name}" for name in UPDATED),
    *(f"seconds/{name}" for name in TIMED),
)


def iteration_figures(rows: Sequence[Mapping[str, str]], data: PromptData, samples: int) -> dict[str, Any]:
    """What the iterations of a run were.

    Args:
        rows: of metrics.csv, one an iteration.
        data: prompts.
        samples: responses an iteration.
    """
    responses, seconds = len(rows) * samples, float(rows[-1]["seconds"])
    tokens = sum(float(row["rollout/tokens"]) for row in rows) * samples
    return {
        "iterations": len(rows),
        "epochs": round(len(rows) * data.per_iteration / len(data.prompts), 4),
        "prompts": len(data.prompts),
        "responses": responses,
        "train_pairs_per_second": round(responses / seconds, 2),  # the key of all stages; here it counts responses
        "train_tokens_per_second": round(tokens / seconds, 1),
        "iteration_seconds": {name: _mean(rows, f"seconds/{name}") for name in TIMED},
        "train": {"n": responses, "loss": _mean(rows[-1:], "update/policy_loss"), "accuracy": None},
    }


def policy_figures(module: PPOModule, after: Judgement) -> dict[str, Any]:
    """What became of the policy."""
    return {
        "reward": _change(module.before, after),
        "gold": _gold_change(module.before, after),
        "kl": after.figures["kl"],
        "kl_coefficient": module.kl_coefficient,
        "samples": {"n": after.samples, "before": module.before.figures, "after": after.figures},
        "scorer": module.sampler.scorer.describe(),
        "reward_scale": module.scale._asdict(),
    }


def data_figures(loaded: LoadedData, cut_prompts: int, evaluation: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What became of the data, under the keys of all stages: no pair is learnt from, and prompts alone can be cut."""
    pairs = loaded.records.splits
    val = next((row for row in evaluation if (row["split"], row["slice"]) == ("val", None)), None)
    return {
        "train_pairs": len(pairs.get("train", ())),
        "val_pairs": len(pairs.get("val", ())),
        "dropped": 0,
        "truncated": cut_prompts,
        "account": {},
        "val": _val(val),
        "evaluation": list(evaluation),
    }


def _change(before: Judgement, after: Judgement) -> dict[str, float]:
    return {"before": before.mean, "after": after.mean, "sd_before": before.sd}


def _gold_change(before: Judgement, after: Judgement) -> dict[str, float] | None:
    if before.gold_sd is None:
        return None
    return {"before": before.figures["gold"], "after": after.figures["gold"], "sd_before": before.gold_sd}


def _val(row: Mapping[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return {"n": 0, "loss": None, "accuracy": None, "accuracy_low": None, "accuracy_high": None}
    return {
        "n": row["n"],
        "loss": row["nll"],
        **{key: row[key] for key in ("accuracy", "accuracy_low", "accuracy_high", "tie_rate")},
    }


def _mean(rows: Sequence[Mapping[str, str]], column: str) -> float:
    return round(sum(float(row[column]) for row in rows) / len(rows), 6)
