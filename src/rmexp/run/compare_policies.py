"""The policies of a comparison: sampled on held-out prompts, judged by both learnt rewards and the known truth."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from omegaconf import DictConfig

from rmexp.analysis.best_of_n import best_of_n_kl
from rmexp.analysis.policies import PolicyResult, verdict
from rmexp.config.build import build
from rmexp.models.generation import Sampling
from rmexp.models.precision import AUTO
from rmexp.records import Candidates, Record
from rmexp.run.compare_scores import Scorers
from rmexp.run.compare_stages import Stage
from rmexp.run.data import LoadedData
from rmexp.run.scorers import score_set
from rmexp.scoring.implicit import ImplicitScorer
from rmexp.scoring.scorer import Scorer
from rmexp.selection.picks import picks
from rmexp.selection.policy import Policy
from rmexp.selection.pool import distinct_prompts, sampled_pool

NEEDS = {"sft": (), "dpo": ("sft",), "ppo": ("sft", "reward"), "best_of_n": ("sft", "reward")}
SHARD_RECORDS = 64


class Pool(NamedTuple):
    """What a policy gave to each prompt, and the seconds that sampling took."""

    records: list[Candidates]
    seconds: float


def compared_policies(
    config: DictConfig, data: LoadedData, stages: Mapping[str, Stage], scorers: Scorers, path: Path
) -> list[PolicyResult]:
    """Sample from every policy of a comparison and have the responses judged.

    Args:
        config: of the comparison; `policies` says how many prompts and responses, 0 prompts for no policies.
        data: whose last held-out split gives the prompts.
        stages: the models.
        scorers: both rewards.
        path: run folder; responses go to `policies/`, their scores to `scored/`.

    Returns:
        SFT reference, DPO, PPO where there is one, best of n by the explicit reward.
    """
    settings = config.policies
    if not settings.prompts:
        return []
    split = [name for name in data.records.splits if name != "train"][-1]
    records = distinct_prompts(data.records.splits[split], settings.prompts)
    names = [name for name in ("sft", "dpo", "ppo") if name in stages]
    folder = path / "policies"
    pools = {name: _pool(config, stages[name].model, records, settings.responses, folder / name) for name in names}
    many = _pool(config, stages["sft"].model, records, settings.best_of, folder / "best_of_n")
    scored = score_set(scorers.explicit, many.records, path / "scored" / "pool.explicit.jsonl", SHARD_RECORDS)
    chosen = picks(many.records, scored.rows, config.seed)
    best = [
        Candidates(record.prompt, (pick.best.response,), meta=record.meta)
        for pick, record in zip(chosen, many.records, strict=True)
    ]
    pools["best_of_n"] = Pool(best, many.seconds + scored.seconds)
    pools = _of_common_prompts(pools)
    judges: dict[str, Scorer] = {"explicit": scorers.explicit, "implicit": scorers.implicit}
    if config.gold:
        judges["gold"] = build(config.gold, loading=data.loading, threads=config.trainer.threads)()
    scores = {
        name: {judge: _scores(one, pool, path, f"{name}.{judge}") for judge, one in judges.items()}
        for name, pool in pools.items()
    }
    return [
        PolicyResult(
            name,
            sum(len(record.responses) for record in pool.records),
            _divergence(name, pool, stages, scorers, settings.best_of),
            float(np.mean([len(text.split()) for record in pool.records for text in record.responses])),
            _seconds(name, pool, stages),
            {judge: verdict(scores[name][judge], scores["sft"][judge]) for judge in reversed(judges)},
        )
        for name, pool in pools.items()
    ]


def _pool(config: DictConfig, model: str, records: Sequence[Record], responses: int, folder: Path) -> Pool:
    began = time.perf_counter()
    sampling = Sampling(config.policies.max_new_tokens)
    policy = Policy(model, sampling, responses, config.seed, config.trainer.threads)
    return Pool(sampled_pool(policy, records, folder).records, time.perf_counter() - began)


def _of_common_prompts(pools: Mapping[str, Pool]) -> dict[str, Pool]:
    """Of the prompts to which every policy said something."""
    answered = [{record.meta["record"] for record in pool.records} for pool in pools.values()]
    common = set.intersection(*answered)
    if not common:
        raise ValueError("there is no prompt to which every policy said something (set policies.prompts)")
    return {
        name: pool._replace(records=[record for record in pool.records if record.meta["record"] in common])
        for name, pool in pools.items()
    }


def _scores(scorer: Scorer, pool: Pool, path: Path, name: str) -> list[Any]:
    found = score_set(scorer, pool.records, path / "scored" / f"policies.{name}.jsonl", SHARD_RECORDS)
    return [np.array(row.scores) for row in found.rows]


def _divergence(name: str, pool: Pool, stages: Mapping[str, Stage], scorers: Scorers, best_of: int) -> float:
    if name in ("sft", "best_of_n"):
        return best_of_n_kl(best_of) if name == "best_of_n" else 0.0
    scorer = scorers.implicit if name == "dpo" else _log_ratio(stages, scorers)
    _, ratios = scorer.log_ratios(pool.records)
    return float(np.mean([ratio.response for ratio in ratios]))


def _log_ratio(stages: Mapping[str, Stage], scorers: Scorers) -> ImplicitScorer:
    paths = (stages["ppo"].model, stages["sft"].model)
    loading = scorers.implicit.encoder.loading
    return ImplicitScorer("ppo", *paths, 1.0, "response_sum", AUTO, loading=loading, threads=None)


def _seconds(name: str, pool: Pool, stages: Mapping[str, Stage]) -> float | None:
    """Of the training that a policy needs; best-of-n pays when it answers."""
    needed = [*NEEDS[name], *([name] if name in stages else [])]
    found = [float(seconds) for stage in needed if (seconds := stages[stage].summary.get("seconds")) is not None]
    if len(found) < len(needed):
        return None
    return round(sum(found) + (pool.seconds if name == "best_of_n" else 0.0), 1)
