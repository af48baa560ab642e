"""Scores every response of a data set: pairs or candidate lists, by any scorer.

Each split becomes one scored file with a manifest beside it. An interrupted run goes on where it was. Under
data.truncation=drop a response that is too long has the score null, and is counted as unscored. Where the scorer's
model says what it was trained on, each row says whether the record is of it (`trained_on`). Processes of torchrun or
srun share the records, shard_records at a time.

With prompt and response one text is scored, with input=- each line of standard input is answered by a row on standard
output; neither leaves a run folder. A line is an object of `prompt` and `response`, `responses`, or `chosen` and
`rejected`, or of `messages`. An answer is a row of a scored file.

Examples:
    rmexp score scorer=explicit scorer.path=MODEL_FOLDER data=jsonl data.path=PAIRS.jsonl
    rmexp score scorer=implicit scorer.policy=DPO_FOLDER scorer.reference=SFT_FOLDER data=json_vs_text
    rmexp score scorer=baseline scorer.kind=longer data=jsonl data.path=PAIRS.jsonl
    rmexp score scorer.path=MODEL_FOLDER prompt="Describe Kafka." response="A log of messages."
    rmexp score scorer.path=MODEL_FOLDER input=-
"""

from pathlib import Path

from omegaconf import DictConfig

from rmexp.config.folders import run_folder
from rmexp.config.identity.saved import run_config
from rmexp.data.loaded import LoadedData, write_bad_rows
from rmexp.hardware.processes import this_process
from rmexp.reports.seen import treated_sentence
from rmexp.reports.terminal import show_table
from rmexp.runs.folder import RunFolder
from rmexp.runs.summaries.score import DataRead, ScoredCounts, ScoreSummary
from rmexp.runs.summaries.seen import seen_of
from rmexp.scored import ResponseCounts, counts_of
from rmexp.scoring.scorer import Scorer
from rmexp.scoring.shared_scoring import score_together
from rmexp.scoring.store import ScoredSet
from rmexp.verbs.data import load_data
from rmexp.verbs.limits import tell_cut
from rmexp.verbs.score_texts import score_texts
from rmexp.verbs.scorers import built_scorer, scorer_inputs
from rmexp.verbs.shared_run import leave_to_first, shared_run


def score(config: DictConfig) -> Path | None:
    """Composed configuration in, folder with scored files out; None where texts are scored that are in no data set."""
    if any(config[key] is not None for key in ("prompt", "response", "input")):
        score_texts(config)
        return None
    data = load_data(config.data)
    bound = run_config(config)
    path = run_folder("score", config, bound)
    with shared_run(path, bound, {"data": data.fingerprint, **scorer_inputs({"": config.scorer})}) as run:
        summary = run.summary(ScoreSummary)
        reused = summary is not None
        if summary is None:
            summary = _score(config, data, run)
            run.finish(summary)
    counts = {name: one.counts for name, one in summary.files.items()}
    unscored = any(one.unscored for one in counts.values())
    rows = [
        (name, str(one.records), str(one.responses), str(one.truncated), str(one.unscored) if unscored else "")
        for name, one in counts.items()
    ]
    show_table(("", "records", "responses", "truncated", "unscored"), rows)
    for name, one in summary.files.items():
        if sentence := treated_sentence(one.seen, one.counts.records, "record"):
            print(f"{name}: {sentence}")
    if summary.records_per_second is not None:
        print(f"{summary.records_per_second:.1f} records per second")
    print(f"scored files {path / 'scored'}{'   (finished before)' if reused else ''}")
    return path


def _counts(done: ScoredSet, scorer: Scorer) -> ScoredCounts:
    counts = ResponseCounts()
    seen = seen_of((row.trained_on for row in counts.counting(done.rows)), scorer.describe())
    return ScoredCounts(counts, seen)


def _score(config: DictConfig, data: LoadedData, run: RunFolder) -> ScoreSummary:
    if not this_process().number:
        write_bad_rows(data.records, run.path)
    scorer = built_scorer(config.scorer, data.limits, config.threads)
    folder = run.path / "scored"
    sets = {
        name: score_together(folder / f"{name}.jsonl", scorer, records, shard_records=config.shard_records)
        for name, records in data.records.sets().items()
    }
    leave_to_first()
    tell_cut(scorer, counts_of(*(done.rows for done in sets.values())), data.limits)
    computed, seconds = sum(done.computed for done in sets.values()), sum(done.seconds for done in sets.values())
    return ScoreSummary(
        scorer=scorer.describe(),
        data=DataRead(data.name, data.fingerprint),
        files={name: _counts(done, scorer) for name, done in sets.items()},
        bad_rows=len(data.records.bad_rows),
        seconds=round(seconds, 2),
        records_per_second=round(computed / seconds, 1) if computed else None,
    )
