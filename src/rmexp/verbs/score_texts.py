"""Scores texts that are in no data set: one of the command line, or the lines of standard input as they come."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from queue import Empty, Queue
from threading import Thread
from typing import IO

from omegaconf import DictConfig

from rmexp.config.build import build, framed
from rmexp.jsonl import BadRow, parse_row
from rmexp.records import Candidates, Scored, put
from rmexp.reports.terminal import show_table
from rmexp.scoring.scorer import Scorer

STANDARD_INPUT = "-"
MOST_LINES = 256  # scored at once; fewer where no more are there yet

Line = tuple[int, bytes]  # with its number, from 1


def score_texts(config: DictConfig) -> None:
    """Score what a configuration of `score` says instead of a data set.

    Raises:
        ValueError: its keys do not go together, or a line is none that can be scored.
    """
    _check(config)
    scorer = _scorer(config)
    if config.input is None:
        _show(next(scorer.score([Candidates(str(config.prompt or ""), (str(config.response),))])), scorer)
        return
    for lines in arriving(sys.stdin.buffer, MOST_LINES):
        for row in _answers(scorer, lines):
            print(json.dumps(row.to_row(), ensure_ascii=False, allow_nan=False))
        sys.stdout.flush()


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


def _answers(scorer: Scorer, lines: Sequence[Line]) -> Iterator[Scored]:
    """A row for each line; those before one that cannot be read have theirs before it is refused."""
    from rmexp.scoring.text_items import record_of

    records, refused = list[Candidates](), None
    for number, line in lines:
        if not line.strip():
            continue
        try:
            record = record_of(parse_row("standard input", number, line))
            put(record, f"standard input:{number}")
            records.append(record)
        except ValueError as error:
            refused = error if isinstance(error, BadRow) else BadRow("standard input", number, str(error))
            break
    yield from scorer.score(records)
    if refused is not None:
        raise refused


def _scorer(config: DictConfig) -> Scorer:
    _, _, limits, *_ = framed("data", config.data)
    scorer: Scorer = build(config.scorer, limits=replace(limits, cache_dir=None), threads=config.threads)()
    if scorer.stored:
        raise ValueError(f"scorer {scorer.name} has the scores of files, it cannot score a text (set scorer)")
    return scorer


def _show(row: Scored, scorer: Scorer) -> None:
    (score,), (tokens,), (cut,) = row.scores, row.tokens, row.truncated
    said = "not scored: longer than data.max_tokens" if score is None else f"{score:.6g}"
    remark = "cut to data.max_tokens" if cut else ""
    show_table(("", "score", "tokens", ""), [(scorer.name, said, str(tokens), remark)])
