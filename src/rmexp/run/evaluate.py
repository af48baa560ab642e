"""Evaluates scorers: accuracy with intervals, calibration, biases, slices, and which scorer is really the better one.

Content-blind baselines stand in the same table. Leaves evaluation.json, report.html and the scored files; scores that
are on disk already are read with scorer=scored_file, without a model.

Examples:
    rmexp evaluate scorer=explicit scorer.path=MODEL_FOLDER data=jsonl data.path=PAIRS.jsonl
    rmexp evaluate scorer=explicit scorer.path=A +scorer@scorers.other=explicit scorers.other.path=B data=json_vs_text
    rmexp evaluate scorer=scored_file scorer.path=RUN/scored data=jsonl data.path=PAIRS.jsonl slices=[meta.topic]
    rmexp evaluate scorer=hub scorer.path=HF_FOLDER_OR_ID data=reward_bench +data@tests.rm_bench=rm_bench
"""

import time
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from rmexp.config.folders import run_folder
from rmexp.config.saved import run_config, saved_yaml
from rmexp.durable import write_json, write_text
from rmexp.run.data import write_bad_rows
from rmexp.run.evaluation_sets import EvaluationSet, evaluation_sets, loaded_data, scored_sets
from rmexp.run.evaluation_table import show_evaluation
from rmexp.run.scorers import scorer_inputs
from rmexp.runs.folder import RunFolder, claim
from rmexp.runs.summaries.evaluate import EvaluateSummary

EVALUATION, REPORT = "evaluation.json", "report.html"


def evaluate(config: DictConfig) -> Path:
    """Composed configuration in, finished run folder with its report out."""
    data = loaded_data(config)
    sets = evaluation_sets(data, list(config.splits))
    path = run_folder("evaluate", config)
    inputs = {f"data.{name}": loaded.fingerprint for name, loaded in data.items()}
    inputs |= {**scorer_inputs(config.scorer, "scorer"), **scorer_inputs(config.scorers, "scorers")}
    with claim(path, run_config(config), inputs) as run:
        summary = run.summary(EvaluateSummary)
        if summary is None:
            for loaded in data.values():
                write_bad_rows(loaded.records, path)
            summary = _evaluate(config, sets, run)
            run.finish(summary)
    show_evaluation(summary, path)
    return path


def _evaluate(config: DictConfig, sets: Sequence[EvaluationSet], run: RunFolder) -> EvaluateSummary:
    from rmexp.reports.evaluation import EvaluationReport, evaluation_report
    from rmexp.run.evaluation_figures import check_options, evaluated, pair_sets

    check_options(config)
    pairs = pair_sets(config, sets)  # before hours of scoring: a field that is not there is told now
    began = time.perf_counter()
    done = scored_sets(config, sets, run.path / "scored")
    scored = time.perf_counter()
    evaluation, views = evaluated(config, sets, pairs, done)
    write_json(run.path / EVALUATION, evaluation)
    report = EvaluationReport(evaluation, views, str(run.path), saved_yaml(config))
    write_text(run.path / REPORT, evaluation_report(report))
    computed = sum(found.computed for sets_of_one in done.values() for _, found in sets_of_one)
    seconds = {"scoring": scored - began, "analysis": time.perf_counter() - scored}
    return EvaluateSummary(
        **evaluation,
        records_per_second=round(computed / seconds["scoring"], 1) if computed else None,
        seconds={name: round(value, 2) for name, value in seconds.items()},
    )
