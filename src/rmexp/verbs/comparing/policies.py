"""The policies of a comparison: sampled on held-out prompts, judged by both learnt rewards and the known truth."""

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from omegaconf import DictConfig

from rmexp.comparison.policies import PolicyResult, verdict
from rmexp.data.loaded import LoadedData
from rmexp.hardware.precision import AUTO
from rmexp.models.generation import Sampling
from rmexp.records import Candidates, Record
from rmexp.scoring.implicit import ImplicitScorer
from rmexp.scoring.scorer import Scorer
from rmexp.scoring.shared_scoring import score_together
from rmexp.selection.kl import best_of_n_kl
from rmexp.selection.picks import picks
from rmexp.selection.policy import Policy
from rmexp.selection.pool import Pool, distinct_prompts, sampled_pool
from rmexp.stages.obtain import Stage
from rmexp.verbs.comparing.scores import Scorers
from rmexp.verbs.scorers import built_scorer

NEEDS = {"sft": (), "dpo": ("sft",), "ppo": ("sft", "reward"), "best_of_n": ("sft", "reward")}
SHARD_RECORDS = 64

log = logging.getLogger(__name__)


class Answers(NamedTuple):
    """What a policy gave to each prompt.

    Attributes:
        pool: of responses, and what did not become one.
        seconds: that sampling took; None where an earlier process has done a part of it.
    """

    pool: Pool
    seconds: float | None


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
    answers = {name: _answers(config, stages[name].model, records, settings.responses, folder / name) for name in names}
    answers["best_of_n"] = _best(config, stages["sft"].model, records, scorers, path)
    judged = _of_common_prompts({name: answer.pool for name, answer in answers.items()}, len(records))
    judges: dict[str, Scorer] = {"explicit": scorers.explicit, "implicit": scorers.implicit}
    if config.gold:
        judges["gold"] = built_scorer(config.gold, data.limits.without_dropping(), config.trainer.threads)
    scores = {
        name: {judge: _scores(one, own, path, f"{name}.{judge}") for judge, one in judges.items()}
        for name, own in judged.items()
    }
    return [
        PolicyResult(
            name,
            sum(len(record.responses) for record in own),
            answers[name].pool.empty,
            answers[name].pool.cut,
            answers[name].pool.without,
            _divergence(name, own, stages, scorers, config),
            float(np.mean([len(text.split()) for record in own for text in record.responses])),
            _seconds(name, answers[name], stages),
            {judge: verdict(scores[name][judge], scores["sft"][judge]) for judge in reversed(judges)},
        )
        for name, own in judged.items()
    ]


def _answers(config: DictConfig, model: str, records: Sequence[Record], responses: int, folder: Path) -> Answers:
    began, whole = time.perf_counter(), not folder.exists()
    sampling = Sampling(config.policies.max_new_tokens)
    policy = Policy(model, sampling, responses, config.seed, config.trainer.threads)
    pool = sampled_pool(policy, records, folder)
    return Answers(pool, time.perf_counter() - began if whole else None)


def _best(config: DictConfig, model: str, records: Sequence[Record], scorers: Scorers, path: Path) -> Answers:
    """The response of the reference that the explicit reward likes best, of many to each prompt."""
    many = _answers(config, model, records, config.policies.best_of, path / "policies" / "best_of_n")
    pool = many.pool
    file = path / "scored" / "pool.explicit.jsonl"
    scored = score_together(file, scorers.explicit, pool.records, shard_records=SHARD_RECORDS)
    best = [
        Candidates(record.prompt, (pick.best.response,), meta=record.meta, place=record.place)
        for pick, record in zip(picks(pool.records, scored.rows, config.seed), pool.records, strict=True)
    ]
    return Answers(pool._replace(records=best), None if many.seconds is None else many.seconds + scored.seconds)


def _of_common_prompts(pools: Mapping[str, Pool], asked: int) -> dict[str, list[Candidates]]:
    """The answers to prompts to which every policy said something."""
    common = set.intersection(*({record.meta["record"] for record in pool.records} for pool in pools.values()))
    if not common:
        raise ValueError("there is no prompt to which every policy said something (set policies.prompts)")
    if len(common) < asked:
        log.info("policies: judged on the %d of %d prompts to which every policy said something", len(common), asked)
    return {name: [one for one in pool.records if one.meta["record"] in common] for name, pool in pools.items()}


def _scores(scorer: Scorer, records: Sequence[Candidates], path: Path, name: str) -> list[Any]:
    file = path / "scored" / f"policies.{name}.jsonl"
    found = score_together(file, scorer, records, shard_records=SHARD_RECORDS)
    return [np.array(row.numbers) for row in found.rows]


def _divergence(
    name: str, records: Sequence[Candidates], stages: Mapping[str, Stage], scorers: Scorers, config: DictConfig
) -> float:
    if name in ("sft", "best_of_n"):
        return best_of_n_kl(config.policies.best_of) if name == "best_of_n" else 0.0
    scorer = scorers.implicit if name == "dpo" else _log_ratio(stages, scorers, config.trainer.threads)
    return float(np.mean([ratio.response for ratio in scorer.log_ratios(records) if ratio is not None]))


def _log_ratio(stages: Mapping[str, Stage], scorers: Scorers, threads: int | None) -> ImplicitScorer:
    return ImplicitScorer(
        "ppo",
        stages["ppo"].model,
        stages["sft"].model,
        beta=1.0,
        reduction="response_sum",
        precision=AUTO,
        limits=scorers.implicit.encoder.limits,
        threads=threads,
    )


def _seconds(name: str, answers: Answers, stages: Mapping[str, Stage]) -> float | None:
    """Of the training that a policy needs; best-of-n pays when it answers."""
    needed = [*NEEDS[name], *([name] if name in stages else [])]
    found = [summary.seconds for stage in needed if (summary := stages[stage].summary) is not None]
    at_answer = answers.seconds if name == "best_of_n" else 0.0
    return None if at_answer is None or len(found) < len(needed) else round(sum(found) + at_answer, 1)
