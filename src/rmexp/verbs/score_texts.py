"""Scores texts that are in no data set: one of the command line, or the lines of standard input as they come."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from queue import Empty, Queue
from threading import Thread
from typing import IO

from omegaconf import DictConfig

from rmexp.config.build import framed
from rmexp.jsonl import BadRow, JsonObject, parse_row
from rmexp.records import Candidates, Scored, put
from rmexp.reports.terminal import show_table
from rmexp.scoring.scorer import Scorer, scored_rows
from rmexp.verbs.scorers import built_scorer

STANDARD_INPUT = "-"
MOST_LINES = 256  # scored at once; fewer where no more are there yet

Line = tuple[int, bytes]  # with its number, from 1


def score_texts(config: DictConfig) -> None:
    """Score what a configuration of `score` says instead of a data set.

    Raises:
        ValueError: its keys do not go together, or lines cannot be scored; then all others have been.
    """
    _check(config)
    scorer = _scorer(config)
    if config.input is None:
        _show(next(scorer.score([Candidates(str(config.prompt or ""), (str(config.response),))])), scorer)
        return
    count, bad = 0, list[str]()
    for lines in arriving(sys.stdin.buffer, MOST_LINES):
        for row in _answers(scorer, lines):
            count += 1
            bad += [row["error"]] if "error" in row else []
            print(json.dumps(row, ensure_ascii=False, allow_nan=False))
        sys.stdout.flush()
    if bad:
        raise ValueError(f"{len(bad)} of {count} lines have an `error` in the place of scores, such as {bad[0]}")


def arriving(stream: IO[bytes], most: int) -> Iterator[list[Line]]:
    """Lines as they come: as many at once as are there, at least one and at most `most`."""
    lines: Queue[Line | None] = Queue(maxsize=10 * most)

    def read() -> None:
        for line in enumerate(iter(stream.readline, b""), 1):
            lines.put(line)
        lines.put(None)

    Thread(target=read, daemon=True).start()
    while (line := lines.get()) is not None:
        yield [line, *_waiting(lines, most - 1)]


def _waiting(lines: "Queue[Line | None]", most: int) -> Iterator[Line]:
    """Those that are there already."""
    for _ in range(most):
        try:
            line = lines.get_nowait()
        except Empty:
            return
        if line is None:
            lines.put(None)  # the end is for whoever waits for the next one
            return
        yield line


def _check(config: DictConfig) -> None:
    if config.input is None:
        if config.response is None:
            raise ValueError("a prompt is scored with a response to it (set response)")
        return
    if config.input != STANDARD_INPUT:
        raise ValueError(f"input must be {STANDARD_INPUT}, standard input, got {config.input} (data.path reads files)")
    if config.prompt is not None or config.response is not None:
        raise ValueError(f"input={STANDARD_INPUT} brings prompts and responses itself (leave out prompt and response)")


def _answers(scorer: Scorer, lines: Sequence[Line]) -> Iterator[JsonObject]:
    """A row for each line that is not blank: its scores, or why it has none."""
    read = [_read(number, line) for number, line in lines if line.strip()]
    records = [record for record in read if isinstance(record, Candidates)]
    try:
        found: Iterator[Scored | ValueError] = iter([*scorer.score(records)])
    except ValueError:  # of one of them, so that each is scored by itself
        found = (_scored(scorer, record) for record in records)
    for record in read:
        row = next(found) if isinstance(record, Candidates) else record
        yield row.to_row() if isinstance(row, Scored) else {"error": str(row)}


def _read(number: int, line: bytes) -> Candidates | ValueError:
    from rmexp.scoring.text_items import record_of

    try:
        record = record_of(parse_row("standard input", number, line))
        put(record, f"standard input:{number}")
    except ValueError as error:
        return error if isinstance(error, BadRow) else BadRow("standard input", number, str(error))
    return record


def _scored(scorer: Scorer, record: Candidates) -> Scored | ValueError:
    try:
        return next(scored_rows(scorer, [record]))
    except ValueError as error:
        place = str(record.place)
        return error if str(error).startswith(f"{place}:") else ValueError(f"{place}: {error}")


def _scorer(config: DictConfig) -> Scorer:
    _, _, limits, *_ = framed("data", config.data)
    scorer = built_scorer(config.scorer, replace(limits, cache_dir=None), config.threads)
    if scorer.stored:
        raise ValueError(f"scorer {scorer.name} has the scores of files, it cannot score a text (set scorer)")
    return scorer


def _show(row: Scored, scorer: Scorer) -> None:
    (score,), (tokens,), (cut,) = row.scores, row.tokens, row.truncated
    said = "not scored: longer than data.max_tokens" if score is None else f"{score:.6g}"
    remark = "cut to data.max_tokens" if cut else ""
    show_table(("", "score", "tokens", ""), [(scorer.name, said, str(tokens), remark)])
