"""Writes the files that the runs read: debates seen in training, held-out pairs of them, unseen debates, other data.

usage: prepare.py UKPCONVARG1 HH LLMBAR OUT, three files of pairs and a folder
"""

import random
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rmexp.jsonl import parse_row, write_rows
from rmexp.lines import read_lines

SEEDS = (0, 1, 2)
SIZES = {"train": 2000, "val": 300, "test": 600}
UNSEEN_DEBATES = 4  # of 16, each held out with both its sides
OTHER_DATA = 300
ADVERSARIAL = "LLMBar/Adversarial/"
Row = dict[str, Any]


def main(arguments: Path, dialogues: Path, instructions: Path, out: Path) -> None:
    pairs = [with_margin(row) for row in rows(arguments)]
    for seed in SEEDS:
        for name, records in splits(pairs, seed).items():
            write_rows(out / str(seed) / f"{name}.jsonl", records)
    other = [row for row in rows(dialogues) if row["chosen"].strip() and row["rejected"].strip()]
    write_rows(out / "hh_helpful.jsonl", random.Random(0).sample(other, OTHER_DATA))
    subsets = ((row, row["meta"]["subset"]) for row in rows(instructions))
    core = [(row, name.removeprefix(ADVERSARIAL)) for row, name in subsets if name.startswith(ADVERSARIAL)]
    write_rows(out / "llmbar_core.jsonl", ({**row, "meta": {"topic": name}} for row, name in core))


def rows(path: Path) -> Iterable[Row]:
    for number, line in read_lines(path):
        yield parse_row(path, number, line)


def with_margin(row: Row) -> Row:
    """The margin is the share of the five votes by which the winner leads, undecided ones counting for nobody."""
    meta = row["meta"]
    votes = meta["votes_a"] + meta["votes_b"] + meta["votes_equal"]
    return {**row, "margin": abs(meta["votes_a"] - meta["votes_b"]) / votes, "meta": {"topic": meta["topic"]}}


def splits(pairs: list[Row], seed: int) -> dict[str, list[Row]]:
    """Pairs about seen debates to train and to val, pairs about unseen ones to test."""
    rng = random.Random(seed)
    debates = sorted({debate(row) for row in pairs})
    unseen = set(rng.sample(debates, UNSEEN_DEBATES))
    seen = [row for row in pairs if debate(row) not in unseen]
    rng.shuffle(seen)
    test = rng.sample([row for row in pairs if debate(row) in unseen], SIZES["test"])
    return {"train": seen[: SIZES["train"]], "val": seen[SIZES["train"] :][: SIZES["val"]], "test": test}


def debate(row: Row) -> str:
    return str(row["meta"]["topic"]).partition("_")[0]


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
