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
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import cast

from omegaconf import DictConfig, OmegaConf

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
from rmexp.verbs.data import load_sets
from rmexp.verbs.evaluating.sets import EvaluatedSet, evaluated_sets
from rmexp.verbs.evaluating.table import show_evaluation
from rmexp.verbs.scorers import scorer_inputs
from rmexp.verbs.shared_run import leave_to_first, shared_run

EVALUATION, REPORT = "evaluation.json", "report.html"


def evaluate(config: DictConfig) -> Path:
    """Composed configuration in, finished run folder with its report out."""
    data = load_sets(config.data, config.tests)
    sets = evaluated_sets(data, config.splits, config.slices)
    bound = run_config(config)
    path = run_folder("evaluate", config, bound)
    inputs: dict[str, str | None] = {f"data.{name}": loaded.fingerprint for name, loaded in data.items()}
    inputs |= scorer_inputs({"scorer": config.scorer, "scorers": config.scorers})
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
        from rmexp.verbs.evaluating.scores import judgements, score_columns

    began = time.perf_counter()
    columns = score_columns(config, sets, run.path / "scored")
    leave_to_first()
    scored = time.perf_counter()
    judged = judgements(config, sets, columns)
    results = tuple(row for one in judged for row in results_of(one))
    comparisons = tuple(row for one in judged for row in differences_of(one))
    suites = tuple(row for one in judged for row in suites_of(one))
    groups = cast(dict[str, list[str]], OmegaConf.to_container(config.seeds))
    seeds = tuple(seed_rows(results, groups, list(columns)))
    by_set = [[column.seen[index] for column in columns.values()] for index in range(len(sets))]
    told = [(one.test.title, apart_sentences(seen, one.figures)) for one, seen in zip(judged, by_set, strict=True)]
    read = tuple(chain.from_iterable(column.read for column in columns.values()))
    computed = sum(column.computed for column in columns.values())
    seconds = {"scoring": scored - began, "analysis": time.perf_counter() - scored}
    summary = EvaluateSummary(
        results=results,
        comparisons=comparisons,
        seeds=seeds,
        suites=suites,
        scorers={name: column.description for name, column in columns.items()},
        bootstrap={"draws": config.draws, "seed": config.seed, "confidence": 0.95},  # a key of older files
        seen=tuple(chain.from_iterable(by_set)),
        notes=tuple(f"{title}: {sentence}" for title, sentences in told for sentence in sentences),
        read=read,
        records_per_second=round(computed / seconds["scoring"], 1) if computed else None,
        seconds={name: round(value, 2) for name, value in seconds.items()},
    )
    of_the_run = ("records_per_second", "seconds")
    write_json(run.path / EVALUATION, {key: value for key, value in to_row(summary).items() if key not in of_the_run})
    report = EvaluationReport(judged, seeds, made_in(run.path, run.config.text), summary.seen, read)
    write_text(run.path / REPORT, evaluation_report(report))
    return summary
