"""Samples N candidates per prompt, or reads them, picks the best by any scorer and draws the curve over n.

Prompts of whose candidates two were a pair that the model was trained on are left out of the curve, unless
data.trained_on=keep. Leaves candidates.jsonl (the pool, with gold where it is known), picks.jsonl (demonstrations for
data=demonstrations), curve.json and report.html. An interrupted run goes on where it was. Processes
of torchrun or srun share prompts and candidates.

Examples:
    rmexp best-of-n scorer=baseline scorer.kind=longer candidates.path=POOL.jsonl
    rmexp best-of-n data=json_vs_text candidates.policy=SFT_FOLDER scorer=explicit scorer.path=MODEL_FOLDER
    rmexp best-of-n data=synthetic candidates.policy=SFT_FOLDER scorer.path=MODEL_FOLDER scorer@gold=gold
"""

import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from omegaconf import DictConfig

from rmexp.config.build import framed
from rmexp.config.folders import run_folder
from rmexp.config.identity.saved import run_config
from rmexp.data.described import fingerprint
from rmexp.data.loading import Limits
from rmexp.durable import write_json, write_text
from rmexp.evaluation.apart import KEEP
from rmexp.jsonl import write_rows
from rmexp.models.backbones.location import model_inputs
from rmexp.models.folders.trained_on import read_trained_on
from rmexp.phases import Phase, phase
from rmexp.records import Candidates, Record, Scored
from rmexp.reports.drawing.numbers import counted
from rmexp.reports.made import made_in
from rmexp.reports.seen import pool_sentences
from rmexp.reports.terminal import show_table
from rmexp.runs.folder import RunFolder
from rmexp.runs.rows import to_row
from rmexp.runs.summaries.best_of_n import BestOfNCurve, BestOfNSummary, CandidatePool
from rmexp.runs.summaries.seen import seen_of
from rmexp.scored import NO, PAIR, PROMPT, counts_of
from rmexp.scoring.shared_scoring import score_together
from rmexp.sources.candidate_files import read_candidates
from rmexp.verbs.data import load_data, used_split
from rmexp.verbs.limits import tell_cut
from rmexp.verbs.scorers import built_scorer, scorer_inputs
from rmexp.verbs.shared_run import leave_to_first, shared_run

if TYPE_CHECKING:
    from rmexp.selection.pool import ScoredPool
    from rmexp.selection.seen_pools import Curves

CANDIDATES, PICKS, CURVE, REPORT, SHARDS = "candidates.jsonl", "picks.jsonl", "curve.json", "report.html", "pool"
SHARD_RECORDS = 64  # of the pool, scored between two writes to disk


class Given(NamedTuple):
    """What a run starts from.

    Attributes:
        records: candidates read from a file, or records whose prompts are sampled for.
        limits: of the scorers.
        data: name of where they come from.
    """

    records: Sequence[Record]
    limits: Limits
    data: str


def best_of_n(config: DictConfig) -> Path:
    """Composed configuration in, finished run folder out."""
    given = _given(config)
    bound = run_config(config)
    path = run_folder("best-of-n", config, bound)
    inputs = {"data": fingerprint(given.records), **scorer_inputs({"scorer": config.scorer, "gold": config.gold})}
    if config.candidates.path is None:
        inputs |= model_inputs("policy", config.candidates.policy)
    with shared_run(path, bound, inputs) as run:
        summary = run.summary(BestOfNSummary)
        if summary is None:
            with phase(Phase.EVALUATING, "the best of candidates"):
                summary = _best_of_n(config, given, run)
            run.finish(summary)
    _show(summary, path)
    return path


def _given(config: DictConfig) -> Given:
    source = config.candidates
    if (source.path is None) == (source.policy is None):
        raise ValueError(
            "expected candidates from a file or a policy to sample them from, got "
            f"{'neither' if source.path is None else 'both'} (set candidates.path or candidates.policy)"
        )
    if source.path is not None:
        _, _, limits, *_ = framed("data", config.data)
        return Given(read_candidates(Path(source.path), key="candidates.path"), limits, Path(source.path).name)
    from rmexp.selection.pool import distinct_prompts

    data = load_data(config.data)
    records = used_split(data, source.split, "candidates.split")
    return Given(tuple(distinct_prompts(records, source.prompts)), data.limits, data.name)


def _best_of_n(config: DictConfig, given: Given, run: RunFolder) -> BestOfNSummary:
    from rmexp.reports.best_of_n.page import BestOfNReport, best_of_n_report
    from rmexp.selection.picks import picks
    from rmexp.selection.pool import scored_pool

    began = time.perf_counter()
    pool, account = _pool(config, given, run)
    sampled = time.perf_counter()
    pool, gold = _with_gold(config, given, pool, run)
    scorer = built_scorer(config.scorer, given.limits, config.threads)
    file = run.path / "scored" / "candidates.jsonl"
    scored = scored_pool(pool, score_together(file, scorer, pool, shard_records=SHARD_RECORDS).rows)
    leave_to_first()
    tell_cut(scorer, counts_of(scored.rows), given.limits)
    write_rows(run.path / CANDIDATES, (record.to_row() for record in pool))
    scoring = time.perf_counter()
    (curve, slices), seen = _curves(config, scored)
    chosen = picks(scored.records, scored.rows, config.seed)
    write_rows(run.path / PICKS, (pick.to_row() for pick in chosen))
    about = CandidatePool(
        data=given.data,
        n=curve.points[-1].n if curve.points else 0,
        wanted_n=None if config.candidates.path else config.candidates.n,
        scorer=scorer.describe(),
        scorer_chat_template=_template(scorer),
        gold=gold,
        **account,
        unscored=scored.unscored or None,
        **seen,
        seen=seen_of((row.trained_on for row in scored.rows), scorer.describe()),
    )
    write_json(run.path / CURVE, to_row(BestOfNCurve(about, curve, slices)))
    content = BestOfNReport(curve, chosen, about, made_in(run.path, run.config.text), slices)
    write_text(run.path / REPORT, best_of_n_report(content))
    shutil.rmtree(run.path / SHARDS, ignore_errors=True)
    now = time.perf_counter()
    seconds = {"sampling": sampled - began, "scoring": scoring - sampled, "all": now - began}
    return BestOfNSummary({name: round(value, 2) for name, value in seconds.items()}, about, curve, slices)


def _pool(config: DictConfig, given: Given, run: RunFolder) -> tuple[list[Candidates], dict[str, Any]]:
    source = config.candidates
    if source.path is not None:
        records = [record for record in given.records if isinstance(record, Candidates)]
        sizes = [len(record.responses) for record in records]
        return records, {"candidates": sum(sizes), "largest_pool": max(sizes), "policy": None}
    from rmexp.models.generation import Sampling
    from rmexp.selection.policy import Policy
    from rmexp.selection.pool import sampled_pool

    sampling = Sampling(source.max_new_tokens, source.temperature, source.top_p)
    policy = Policy(source.policy, sampling, source.n, config.seed, config.threads)
    found = sampled_pool(policy, given.records, run.path / SHARDS)
    return found.records, {
        "candidates": sum(len(record.responses) for record in found.records),
        "empty": found.empty,
        "prompts_without": found.without,
        "cut": found.cut,
        "policy": policy.describe(),
    }


def _with_gold(
    config: DictConfig, given: Given, pool: list[Candidates], run: RunFolder
) -> tuple[list[Candidates], dict[str, Any] | None]:
    """The pool with true rewards, where somebody knows them, and who."""
    if not config.gold:
        known = [record.gold is not None for record in pool]
        if any(known) and not all(known):
            raise ValueError(
                f"{known.count(True)} of {len(known)} prompts have gold rewards, expected all or none "
                "(set candidates.path or scorer@gold)"
            )
        return pool, {"name": "candidates", "kind": "file"} if all(known) else None
    judge = built_scorer(config.gold, given.limits.without_dropping(), config.threads)
    rows = score_together(run.path / "scored" / "gold.jsonl", judge, pool, shard_records=SHARD_RECORDS).rows
    return [replace(record, gold=row.numbers) for record, row in zip(pool, rows, strict=True)], judge.describe()


def _curves(config: DictConfig, scored: "ScoredPool") -> tuple["Curves", dict[str, Any]]:
    """The curve and its parts, and what the pool's account says of what was trained on."""
    from rmexp.selection.best_of_n import Pool
    from rmexp.selection.seen_pools import curves

    pools = [Pool(*_arrays(*both)) for both in zip(scored.records, scored.rows, strict=True)]
    by_policy = _policy_marks(config.candidates.policy, scored.records)
    marks, keep = [row.trained_on for row in scored.rows], config.data.trained_on == KEEP
    both = [PROMPT if known and mark in (None, NO) else mark for known, mark in zip(by_policy, marks, strict=True)]
    account = {"policy_prompts": sum(by_policy) or None, "trained_on_kept": (PAIR in marks and keep) or None}
    return curves(pools, both, keep=keep), account


def _policy_marks(policy: str | None, records: Sequence[Candidates]) -> list[bool]:
    """Of which records the policy that was sampled from has learnt the prompt."""
    known = None if policy is None else read_trained_on(policy)
    return [known is not None and known.mark(record) in (PAIR, PROMPT) for record in records]


def _arrays(record: Candidates, row: Scored) -> tuple[Any, Any]:
    return np.array(row.numbers), None if record.gold is None else np.array(record.gold, dtype=np.float64)


def _template(scorer: Any) -> str | None:
    """Fingerprint of the template that a scorer reads prompts with; None for one that has none."""
    if scorer.tokenizer is None:
        return None
    from rmexp.encoding.tokenizer_identity import tokenizer_fields

    found: str | None = tokenizer_fields(scorer.tokenizer)["chat_template"]
    return found


def _show(summary: BestOfNSummary, path: Path) -> None:
    pool, curve = summary.pool, summary.curve
    known = pool.gold is not None
    rows = []
    for point in curve.points:
        bounds = "" if point.low is None else f"[{point.low:.3f}, {point.high:.3f}]"
        gold = [f"{point.gold:.3f}"] if known else []
        oracle = [f"{point.oracle:.3f}"] if known else []
        rows.append((f"n = {point.n}", f"{point.kl:.2f}", f"{point.proxy:.3f}", *gold, bounds, *oracle))
    header = ("best of", "KL <=", "score", *(["gold"] if known else []), "95 %", *(["oracle"] if known else []))
    show_table(header, rows)
    counts = f"{counted(pool.prompts(curve), 'prompt')}, {counted(pool.candidates, 'candidate')}"
    print(f"{counts}, scored by {pool.scorer['name']}")
    print("".join(f"{sentence}\n" for sentence in pool_sentences(pool, curve)), end="")
    if pool.wanted_n is not None and pool.n < pool.wanted_n:
        print(f"note: the policy kept silent too often; the curve ends at the smallest pool, n = {pool.n}")
    if pool.unscored:
        print(f"note: {pool.unscored} candidates are too long to be scored and left out (set data.max_tokens)")
    if pool.largest_pool is not None and pool.largest_pool > pool.n:
        from rmexp.reports.best_of_n.wording import pools_sentence

        print(f"note: {pools_sentence(pool.n, pool.largest_pool)}")
    print(f"picks        {path / PICKS}")
    print(f"run folder   {path}")
    print(f"report       {path / REPORT}")
