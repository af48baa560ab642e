"""Keeps or drops pairs, or responses of candidates, by what scorers say of them; the reason stands beside each.

Leaves kept.jsonl and dropped.jsonl, records of the kind that came in (kept pairs: data=jsonl; kept responses:
data=demonstrations, which is rejection sampling), and report.html. Where labels are known to be turned round
(meta.flipped, as data.label_noise writes it), the filter is measured by them.

Examples:
    rmexp filter scored=SCORED.jsonl data=jsonl data.path=PAIRS.jsonl
    rmexp filter scorer.path=MODEL_FOLDER data=synthetic keep.min_margin=null keep.share=0.8
    rmexp filter scorer=explicit scorer.path=MODEL_FOLDER data=candidates data.path=POOL.jsonl keep.top=2
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig

from rmexp.config.folders import run_folder
from rmexp.config.identity.saved import run_config
from rmexp.data.clusters import clusters_of, group_key
from rmexp.data.described import fingerprint
from rmexp.data.loaded import LoadedData, write_bad_rows
from rmexp.data.selection import with_label_noise
from rmexp.durable import write_text
from rmexp.jsonl import JsonObject, write_rows
from rmexp.phases import Phase, phase
from rmexp.records import Candidates, Preference, Record, Scored
from rmexp.reports.made import made_in
from rmexp.reports.seen import filtered_sentence
from rmexp.reports.terminal import percent, share_interval, show_table
from rmexp.runs.folder import RunFolder, claim
from rmexp.runs.summaries.filter import FilterSummary
from rmexp.runs.summaries.seen import seen_of
from rmexp.scored import counts_of
from rmexp.scoring.store import score_into
from rmexp.scoring.stored_scores import WHAT, StoredScores, scored_files
from rmexp.selection.filter_items import pair_items, pair_rows, response_items, response_rows
from rmexp.selection.filter_quality import FilterQuality, filter_quality
from rmexp.selection.rules import Decision, FilterItems, Keep, decide, refuse_what_is_not_there
from rmexp.stored_records import of_kind, stored
from rmexp.verbs.data import load_data
from rmexp.verbs.limits import tell_cut
from rmexp.verbs.scorers import built_scorer, path_inputs, scorer_inputs

KEPT, DROPPED, REPORT = "kept.jsonl", "dropped.jsonl", "report.html"
SHARD_RECORDS = 1000
RULES = {"kept": "kept", "unscored": "dropped, not scored"}


class Scores(NamedTuple):
    """Of all records by each scorer, and what the scorers are."""

    rows: list[Sequence[Scored]]
    scorers: list[JsonObject]


def filter(config: DictConfig) -> Path:
    """Composed configuration in, finished run folder out."""
    keep = Keep(**config.keep)
    data = load_data(config.data)
    records = _records(data, config.split)
    files = _files(config)
    several = len(files) + bool(config.scorer) > 1
    refuse_what_is_not_there(keep, several=several, grouped=data.split_rule.group is not None)
    bound = run_config(config)
    path = run_folder("filter", config, bound)
    inputs = {"data": fingerprint(records), **scorer_inputs({"scorer": config.scorer})}
    for number, file in enumerate(files):
        inputs |= path_inputs(f"scored.{number}.path", file, WHAT)
    with claim(path, bound, inputs) as run:
        summary = run.summary(FilterSummary)
        if summary is None:
            with phase(Phase.EVALUATING, f"{data.name}, {len(records):,} records"):
                summary = _filter(config, keep, data, records, run)
            run.finish(summary)
    _show(summary, path)
    return path


def _records(data: LoadedData, split: str | None) -> Sequence[Record]:
    """What is filtered, with its labels turned round as data.label_noise says."""
    sets: dict[str, Sequence[Record]] = data.records.sets()
    name = split or next((name for name in ("train", "all") if name in sets), next(iter(sets)))
    if name not in sets:
        raise ValueError(f"data={data.name} has no split `{name}`, it has {', '.join(sets)} (set split)")
    records = sets[name]
    pairs = of_kind(records, Preference)
    assert data.selection is not None
    if data.selection.label_noise and pairs:
        return with_label_noise(pairs, data.selection.label_noise, data.selection.sample_seed)
    return records


def _files(config: DictConfig) -> list[str]:
    found = [config.scored] if isinstance(config.scored, str) else list(config.scored or [])
    if not found and not config.scorer:
        raise ValueError("expected scores to filter by, got none (set scored=SCORED.jsonl, or scorer=...)")
    for file in found:
        scored_files(Path(file), "scored")
    return found


def _filter(
    config: DictConfig, keep: Keep, data: LoadedData, records: Sequence[Record], run: RunFolder
) -> FilterSummary:
    from rmexp.reports.filter import FilterReport, filter_report

    began = time.perf_counter()
    write_bad_rows(data.records, run.path)
    groups = None if data.split_rule.group is None else [group_key(record, data.split_rule.group) for record in records]
    scores = _scores(config, data, records, run)
    pairs, lists = of_kind(records, Preference), of_kind(records, Candidates)
    items = pair_items(pairs, scores.rows, groups) if pairs else response_items(lists, scores.rows, groups)
    decisions = decide(items, keep)
    for name, kept in ((KEPT, True), (DROPPED, False)):
        rows = pair_rows(pairs, items, decisions, kept) if pairs else response_rows(lists, items, decisions, kept)
        write_rows(run.path / name, rows)
    quality = _quality(pairs, items, decisions, clusters_of(records, data.split_rule.group))
    about = FilterSummary(
        data=data.name,
        unit="pair" if pairs else "response",
        units=len(decisions),
        kept=sum(decision.kept for decision in decisions),
        rules={"kept": 0, **Counter(decision.rule for decision in decisions)},
        scorers=tuple(scores.scorers),
        noise=quality,
        seen=seen_of(items.trained_on, *scores.scorers),
    )
    page = FilterReport(about, quality, items, decisions, records, made_in(run.path, run.config.text))
    write_text(run.path / REPORT, filter_report(page))
    return replace(about, seconds=round(time.perf_counter() - began, 2))


def _scores(config: DictConfig, data: LoadedData, records: Sequence[Record], run: RunFolder) -> Scores:
    scores = Scores([], [])
    for file in _files(config):
        scorer = StoredScores(None, file, key="scored")
        scores.rows.append(stored(scorer.score(records)))
        scores.scorers.append(scorer.describe())
    if config.scorer:
        built = built_scorer(config.scorer, data.limits, config.threads)
        path = run.path / "scored" / f"{built.name}.jsonl"
        scores.rows.append(score_into(path, built, records, shard_records=SHARD_RECORDS).rows)
        tell_cut(built, counts_of(scores.rows[-1]), data.limits)
        scores.scorers.append(built.describe())
    return scores


def _quality(
    records: Sequence[Preference], items: FilterItems, decisions: Sequence[Decision], clusters: NDArray[np.int64]
) -> FilterQuality | None:
    """How well the filter found labels that are known to be wrong; None where nothing is known of them."""
    if items.margin is None:
        return None
    judged = [
        index
        for index, record in enumerate(records)
        if "flipped" in record.meta and not np.isnan(items.margin[index])  # neither a tie nor without a score
    ]
    if not judged:
        return None
    flipped = [bool(records[index].meta["flipped"]) for index in judged]
    return filter_quality(flipped, [decisions[index].kept for index in judged], items.margin[judged], clusters[judged])


def _show(summary: FilterSummary, path: Path) -> None:
    total, unit = summary.units, summary.unit
    rows = [
        (RULES.get(rule, f"dropped by keep.{rule}"), str(count), percent(count / total))
        for rule, count in sorted(summary.rules.items(), key=lambda item: item[0] != "kept")
    ]
    show_table((f"{unit}s", "", ""), rows)
    if total and not summary.kept:
        rules = [f"keep.{rule}" for rule in summary.rules if rule not in RULES]
        print(f"no {unit} is kept (set {' or '.join(rules)})" if rules else f"no {unit} is kept: none has a score")
    if sentence := filtered_sentence(summary.seen, unit):
        print(sentence)
    if (noise := summary.noise) is not None:
        shares = {
            "of all": noise.flipped,
            "of the dropped": noise.precision,
            "of the kept": noise.left,
            "found": noise.recall,
        }
        cells = [
            (name, percent(share.value), share_interval(share.low, share.high, few=share.few and share.n > 0))
            for name, share in shares.items()
        ]
        if noise.auroc is not None:
            known = noise.auroc_low is not None
            bounds = f"[{noise.auroc_low:.3f}, {noise.auroc_high:.3f}]" if known else ""
            cells.append(("AUROC", f"{noise.auroc:.3f}", bounds))
        show_table(("wrong labels", "", "95 %"), cells)
    print(f"kept         {path / KEPT}")
    print(f"dropped      {path / DROPPED}")
    print(f"run folder   {path}")
    print(f"report       {path / REPORT}")
