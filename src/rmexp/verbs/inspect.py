"""Inspects a scorer on pairs: does it follow the labels, what changes its scores, what raises them without merit.

Each check passes, warns or fails with a sentence; a fail does not make the command fail. Labels are followed on pairs
that the model was not trained on, unless data.trained_on=keep. Leaves inspection.json and
report.html, with the reward after each token of a few responses and what each span does to the margin.

Examples:
    rmexp inspect scorer=explicit scorer.path=MODEL_FOLDER data=json_vs_text
    rmexp inspect scorer=implicit scorer.policy=DPO_FOLDER scorer.reference=SFT_FOLDER data=jsonl data.path=PAIRS.jsonl
    rmexp inspect scorer=baseline scorer.kind=longer data=jsonl data.path=PAIRS.jsonl pairs=100
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig

from rmexp.config.folders import run_folder
from rmexp.config.identity.saved import run_config
from rmexp.data.clusters import clusters_of
from rmexp.data.loaded import LoadedData
from rmexp.durable import write_json, write_text
from rmexp.evaluation.apart import KEEP
from rmexp.metrics.preferred_side import is_tie
from rmexp.phases import Phase, phase
from rmexp.records import Preference
from rmexp.reports.made import made_in
from rmexp.reports.seen import seen_sentence
from rmexp.runs.folder import RunFolder, claim
from rmexp.runs.rows import to_row
from rmexp.runs.summaries.inspect import CheckMade, InspectSummary
from rmexp.runs.summaries.seen import seen_of
from rmexp.scored import PAIR, counts_of
from rmexp.scoring.store import score_into
from rmexp.verbs.data import load_data, used_split
from rmexp.verbs.limits import tell_cut
from rmexp.verbs.scorers import built_scorer, scorer_inputs

INSPECTION, REPORT = "inspection.json", "report.html"


def inspect(config: DictConfig) -> Path:
    """Composed configuration in, finished run folder out."""
    data = load_data(config.data)
    bound = run_config(config)
    path = run_folder("inspect", config, bound)
    with claim(path, bound, {"data": data.fingerprint, **scorer_inputs({"": config.scorer})}) as run:
        summary = run.summary(InspectSummary)
        if summary is None:
            with phase(Phase.EVALUATING, data.name):
                summary = _inspect(config, data, run)
            run.finish(summary)
    _show(summary, path)
    return path


def _inspect(config: DictConfig, data: LoadedData, run: RunFolder) -> InspectSummary:
    from rmexp.inspection.attribution import traced
    from rmexp.inspection.probes import probes, to_probe, worst_composition
    from rmexp.inspection.rules import with_rules
    from rmexp.reports.inspection import InspectionReport, inspection_report

    began = time.perf_counter()
    pairs = _pairs(config, data)
    scorer = built_scorer(config.scorer, data.limits.without_dropping(), config.threads)
    if scorer.stored:
        raise ValueError("an inspection scores texts of its own, which no scored file holds (set scorer)")
    scored = score_into(run.path / "scored" / "pairs.jsonl", scorer, pairs, shard_records=len(pairs)).rows
    tell_cut(scorer, counts_of(scored), data.limits)
    clusters = clusters_of(pairs, data.split_rule.group)
    probed = to_probe(scorer.score, pairs, clusters)
    marks = [row.trained_on for row in scored]
    trained = np.array([mark == PAIR for mark in marks]) & (config.data.trained_on != KEEP)
    groups = {
        "controls": with_rules(_controls(scorer, pairs, clusters, trained)),
        "learning": with_rules(_learning(config, scorer, pairs)),
        "hacking": with_rules([*probes(probed), worst_composition(probed)]),
    }
    traces = [traced(scorer.score, pair, scorer.tokenizer) for pair in pairs[: config.traced]]
    made = [check for group in groups.values() for check in group]
    about = InspectSummary(
        data=data.name,
        pairs=len(pairs),
        scorer=scorer.describe(),
        verdicts=dict(Counter(check.verdict for check in made)),
        checks=tuple(CheckMade(check.name, check.verdict, check.says, check.rule) for check in made),
        seen=seen_of(marks, scorer.describe()),
    )
    checks = {name: [to_row(check) for check in group] for name, group in groups.items()}
    own = {name: getattr(about, name) for name in ("data", "pairs", "scorer", "verdicts")}
    write_json(run.path / INSPECTION, own | {"checks": checks, "traced": [to_row(trace) for trace in traces]})
    page = InspectionReport(about, groups, traces, pairs, scored, made_in(run.path, run.config.text))
    write_text(run.path / REPORT, inspection_report(page))
    return replace(about, seconds=round(time.perf_counter() - began, 2))


def _pairs(config: DictConfig, data: LoadedData) -> list[Preference]:
    """A random part of the split, labelled ties left out: they have no better response."""
    records = used_split(data, config.split, "split")
    pairs = [record for record in records if isinstance(record, Preference) and not is_tie(record.target)]
    if len(pairs) < 2:
        raise ValueError(f"expected at least 2 pairs with a better response, got {len(pairs)} (set data or split)")
    order = np.random.default_rng([config.seed, 4]).permutation(len(pairs))[: config.pairs]
    return [pairs[index] for index in sorted(order.tolist())]


def _controls(scorer: Any, pairs: Sequence[Preference], clusters: Any, trained: Any) -> Iterator[Any]:
    from rmexp.inspection import controls, invariance
    from rmexp.inspection.unseen import label_controls

    coarse = str(scorer.describe().get("precision", "")).startswith(("bf16", "16"))
    tolerance = invariance.COARSE_TOLERANCE if coarse else invariance.TOLERANCE
    by_label = list(label_controls(scorer.score, pairs, clusters, trained))
    yield by_label[0]
    yield controls.distribution(scorer.score, pairs, clusters)
    yield controls.length_drift(scorer.score, pairs)
    for same in (invariance.swapped_sides, invariance.batching):
        yield same(scorer.score, pairs, tolerance)
    yield by_label[1]
    yield controls.prompt_alone(scorer.score, pairs)
    yield controls.truncated(scorer.score, pairs, clusters)


def _learning(config: DictConfig, scorer: Any, pairs: Sequence[Preference]) -> Iterator[Any]:
    from rmexp.inspection import learning
    from rmexp.inspection.check import SKIP, Check

    if scorer.describe()["kind"] != "explicit" or config.learning.steps < 1:
        why = "learning.steps is 0" if config.learning.steps < 1 else "only a reward model is trained here"
        for name in ("overfits one batch", "shuffled labels"):
            yield Check(name, SKIP, f"Left out: {why}.")
        return
    given = scorer.model, scorer.encoder, pairs, config.learning.steps, config.learning.lr
    yield learning.overfits_one_batch(*given)
    yield learning.shuffled_labels(*given, config.seed)


def _rules(checks: Sequence[CheckMade]) -> dict[str, list[str]]:
    """Checks that warn or fail, by the rule that says why."""
    rules: dict[str, list[str]] = {}
    for check in checks:
        if check.verdict in ("warn", "fail") and check.rule:
            rules.setdefault(check.rule, []).append(check.name)
    return rules


def _show(summary: InspectSummary, path: Path) -> None:
    width = max(len(check.name) for check in summary.checks)
    for check in summary.checks:
        print(f"{check.verdict:4}  {check.name:{width}}  {check.says}")
    if sentence := seen_sentence(summary.seen, summary.pairs, "pair"):
        print(sentence)
    for rule, names in _rules(summary.checks).items():
        print(f"{', '.join(names)}: {rule}")
    counts = ", ".join(f"{count} {verdict}" for verdict, count in summary.verdicts.items())
    print(f"{counts} on {summary.pairs} pairs of {summary.data}")
    print(f"run folder   {path}")
    print(f"report       {path / REPORT}")
