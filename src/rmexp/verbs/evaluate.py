"""Evaluates scorers: accuracy with intervals, calibration, biases, slices, and which scorer is really the better one.

Content-blind baselines stand in the same table. Pairs that a model was trained on are a slice of their own, which the
headline figures leave out (data.trained_on=keep counts them). Leaves evaluation.json, report.html and the scored files;
scores that are on disk already are read with scorer=scored_file, without a model. Processes of torchrun or srun share
the records, shard_records at a time.

Examples:
    rmexp evaluate scorer=explicit scorer.path=MODEL_FOLDER data=jsonl data.path=TEST_PAIRS.jsonl
    rmexp evaluate scorer=explicit scorer.path=A +scorer@scorers.other=explicit scorers.other.path=B data=json_vs_text
    rmexp evaluate scorer=scored_file scorer.path=RUN/scored data=jsonl data.path=TEST_PAIRS.jsonl slices=[meta.topic]
    rmexp evaluate scorer=hub scorer.path=HF_FOLDER_OR_ID data=reward_bench +data@tests.rm_bench=rm_bench
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from rmexp.config.folders import run_folder
from rmexp.config.identity.saved import run_config
from rmexp.data.loaded import write_bad_rows
from rmexp.durable import write_json, write_text
from rmexp.hardware.processes import this_process
from rmexp.phases import Phase, importing, phase
from rmexp.reports.made import made_in
from rmexp.reports.seen import apart_sentences
from rmexp.runs.folder import RunFolder
from rmexp.runs.rows import to_row
from rmexp.runs.summaries.evaluate import EvaluateSummary, differences_of, results_of, suites_of
from rmexp.runs.summaries.seen import SeenBy, seen_of
from rmexp.verbs.evaluating.sets import EvaluatedSet, evaluated_sets, loaded_data
from rmexp.verbs.evaluating.table import show_evaluation
from rmexp.verbs.scorers import scorer_inputs
from rmexp.verbs.shared_run import leave_to_first, shared_run

if TYPE_CHECKING:
    from rmexp.evaluation.judgement import Judgement
    from rmexp.verbs.evaluating.scores import Column

EVALUATION, REPORT = "evaluation.json", "report.html"


def evaluate(config: DictConfig) -> Path:
    """Composed configuration in, finished run folder with its report out."""
    data = loaded_data(config)
    sets = evaluated_sets(data, config.splits, config.slices)
    bound = run_config(config)
    path = run_folder("evaluate", config, bound)
    inputs: dict[str, str | None] = {f"data.{name}": loaded.fingerprint for name, loaded in data.items()}
    inputs |= {**scorer_inputs(config.scorer, "scorer"), **scorer_inputs(config.scorers, "scorers")}
    with shared_run(path, bound, inputs) as run:
        summary = run.summary(EvaluateSummary)
        if summary is None:
            for loaded in data.values() if not this_process().number else ():
                write_bad_rows(loaded.records, path)
            with phase(Phase.EVALUATING, ", ".join(data)):
                summary = _evaluate(config, sets, run)
            run.finish(summary)
    show_evaluation(summary, path)
    return path


def _evaluate(config: DictConfig, sets: Sequence[EvaluatedSet], run: RunFolder) -> EvaluateSummary:
    with importing("torch, transformers"):
        from rmexp.reports.evaluation.page import EvaluationReport, evaluation_report
        from rmexp.runs.summaries.seed_groups import seed_rows
        from rmexp.verbs.evaluating.scores import check_scorers, groups_of, score_columns

    check_scorers(config)
    began = time.perf_counter()
    columns = score_columns(config, sets, run.path / "scored")
    leave_to_first()
    scored = time.perf_counter()
    judgements = _judgements(config, sets, columns)
    results = tuple(row for one in judgements for row in results_of(one))
    seeds = tuple(seed_rows(results, groups_of(config), list(columns)))
    seen = tuple(_seen(sets, columns))
    computed = sum(column.computed for column in columns.values())
    seconds = {"scoring": scored - began, "analysis": time.perf_counter() - scored}
    summary = EvaluateSummary(
        results=results,
        comparisons=tuple(row for one in judgements for row in differences_of(one)),
        seeds=seeds,
        suites=tuple(row for one in judgements for row in suites_of(one)),
        scorers={name: column.description for name, column in columns.items()},
        bootstrap={"draws": config.draws, "seed": config.seed, "confidence": 0.95},  # a key of older files
        seen=seen,
        notes=tuple(_notes(judgements, seen)),
        records_per_second=round(computed / seconds["scoring"], 1) if computed else None,
        seconds={name: round(value, 2) for name, value in seconds.items()},
    )
    of_the_run = ("records_per_second", "seconds")
    write_json(run.path / EVALUATION, {key: value for key, value in to_row(summary).items() if key not in of_the_run})
    report = EvaluationReport(judgements, seeds, made_in(run.path, run.config.text), summary.seen)
    write_text(run.path / REPORT, evaluation_report(report))
    return summary


def _judgements(config: DictConfig, sets: Sequence[EvaluatedSet], columns: Mapping[str, "Column"]) -> list["Judgement"]:
    """Every scorer on each set, beside the baselines that are no scorers themselves."""
    from rmexp.evaluation.apart import set_apart
    from rmexp.evaluation.judge import judge
    from rmexp.verbs.evaluating.scores import rule_columns

    judgements = []
    for index, (whole, _, keep) in enumerate(sets):
        test = set_apart(whole, [column.marks[index] for column in columns.values()], keep=keep)
        scores = {name: column.scores[index] for name, column in columns.items()}
        rules = [name for name in config.baselines if name not in columns]
        judgements.append(judge(test, scores | rule_columns(rules, test, config.seed)))
    return judgements


def _notes(judgements: Sequence["Judgement"], seen: Sequence[SeenBy]) -> Iterator[str]:
    for one in judgements:
        of_this = [row for row in seen if (row.data, row.split) == (one.test.data, one.test.split)]
        yield from (f"{one.test.title}: {sentence}" for sentence in apart_sentences(of_this, one.figures))


def _seen(sets: Sequence[EvaluatedSet], columns: Mapping[str, "Column"]) -> Iterator[SeenBy]:
    for index, (test, _, keep) in enumerate(sets):
        for name, column in columns.items():
            seen = seen_of(column.marks[index], column.description)
            yield SeenBy(name, test.data, test.split, len(test.records), keep, seen)
