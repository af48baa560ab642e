"""The figures of a PPO run: columns of metrics.csv, and what summary.json makes of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rmexp.data.loaded import LoadedData
from rmexp.runs.environment import peak_memory_mb
from rmexp.stages.model import parameters
from rmexp.stages.ppo_built import PPOBuilt
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


class PPOFitted(NamedTuple):
    """What training took, and what it left.

    Attributes:
        model: folder of the finished policy.
        fingerprint: of that folder.
        reference: folder that training started from.
        steps: optimizer steps of the whole run.
        seconds: of training.
        rows: of metrics.csv, one an iteration.
        after: fresh samples of the finished policy.
    """

    model: Path
    fingerprint: str
    reference: str | None
    steps: int
    seconds: float
    rows: Sequence[Mapping[str, str]]
    after: Judgement


def ppo_summary(
    task: str,
    built: PPOBuilt,
    fitted: PPOFitted,
    loaded: LoadedData,
    tests: Mapping[str, LoadedData],
    evaluation: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The figures of summary.json, but for the seconds of all.

    Args:
        task: that was trained.
        built: the stage.
        fitted: what became of it.
        loaded: data whose prompts were sampled for.
        tests: further data sets.
        evaluation: rows of figures of held-out pairs.
    """
    samples = built.module.learning.rollouts.samples
    return {
        "task": task,
        "model": {
            "path": str(fitted.model),
            "fingerprint": fitted.fingerprint,
            "parameters": parameters(built.module),
        },
        "reference": fitted.reference,
        "steps": fitted.steps,
        "bad_rows": sum(len(part.records.bad_rows) for part in (loaded, *tests.values())),
        "leaks": dict(loaded.leaks),
        **_iteration_figures(fitted.rows, built.data, samples),
        **_policy_figures(built.module, fitted.after),
        **_data_figures(loaded, built.cut_prompts, evaluation),
        "scorer_reads_other_tokens": built.own_tokenizer,
        "threads": built.threads,
        "precision": built.precision,
        "peak_memory_mb": peak_memory_mb(),
        "train_seconds": round(fitted.seconds, 2),
    }


def _iteration_figures(rows: Sequence[Mapping[str, str]], data: PromptData, samples: int) -> dict[str, Any]:
    """What the iterations of a run were, of so many samples each."""
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


def _policy_figures(module: PPOModule, after: Judgement) -> dict[str, Any]:
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


def _data_figures(loaded: LoadedData, cut_prompts: int, evaluation: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
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
