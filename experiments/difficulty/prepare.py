"""Writes the files that the runs read: splits by debate, by paradigm and by prompt, vote margins where there are votes.

usage: prepare.py DATA OUT, where DATA holds ukpconvarg1/, hh_helpful_base_test/, blimp/ and llmbar/
"""

import random
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from rmexp.jsonl import parse_row, write_rows
from rmexp.lines import read_lines

SEEDS = (0, 1, 2)
Row = dict[str, Any]


def main(data: Path, out: Path) -> None:
    arguments = [with_votes(row) for row in rows(data / "ukpconvarg1" / "pairs.jsonl.gz")]
    dialogues = list(rows(data / "hh_helpful_base_test" / "pairs.jsonl.gz"))
    sentences = list(rows(data / "blimp" / "pairs.jsonl.xz"))
    instructions = [
        row for row in rows(data / "llmbar" / "pairs.jsonl.gz") if row["meta"]["subset"].startswith("LLMBar/")
    ]
    write_rows(out / "llmbar_core" / "test.jsonl", instructions)
    for seed in SEEDS:
        # Debates have two sides each; a debate that is held out is held out with both.
        write(out / "ukpconvarg1" / str(seed), by_group(arguments, debate, {"test": 4, "val": 3}, seed))
        write(out / "hh_helpful" / str(seed), by_group(dialogues, prompt, {"test": 0.2, "val": 0.1}, seed))
        write(out / "blimp_paradigms" / str(seed), sample(by_group(sentences, paradigm, {"test": 13, "val": 7}, seed)))
        order = random.Random(seed).sample(sentences, len(sentences))
        splits = {"train": order[:20_000], "val": order[20_000:21_000], "test": order[21_000:23_000]}
        write(out / "blimp" / str(seed), splits)


def rows(path: Path) -> Iterable[Row]:
    for number, line in read_lines(path):
        yield parse_row(path, number, line)


def with_votes(row: Row) -> Row:
    """The margin is the share of the five votes by which the winner leads, undecided ones counting for nobody."""
    meta = row["meta"]
    votes = meta["votes_a"] + meta["votes_b"] + meta["votes_equal"]
    kept = {key: meta[key] for key in ("topic", "strict", "pair_id")}
    return {**row, "margin": abs(meta["votes_a"] - meta["votes_b"]) / votes, "meta": kept}


def debate(row: Row) -> str:
    return str(row["meta"]["topic"]).partition("_")[0]


def prompt(row: Row) -> str:
    return str(row["prompt"])


def paradigm(row: Row) -> str:
    return str(row["meta"]["uid"])


def by_group(
    records: Sequence[Row], key: Callable[[Row], str], sizes: dict[str, float], seed: int
) -> dict[str, list[Row]]:
    """Whole groups at random into each of `sizes` (a count of them, or a share below 1), the rest to train."""
    groups = sorted({key(record) for record in records})
    random.Random(seed).shuffle(groups)
    home = {}
    for split, size in sizes.items():
        for _ in range(round(size * len({*groups, *home})) if size < 1 else int(size)):
            home[groups.pop()] = split
    splits: dict[str, list[Row]] = {"train": [], **{split: [] for split in sizes}}
    for record in records:
        splits[home.get(key(record), "train")].append(record)
    return splits


def sample(splits: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """As many pairs as the random split of the same data has."""
    sizes = {"train": 20_000, "val": 1_000, "test": 2_000}
    return {name: random.Random(0).sample(records, min(sizes[name], len(records))) for name, records in splits.items()}


def write(folder: Path, splits: dict[str, list[Row]]) -> None:
    for name, records in splits.items():
        write_rows(folder / f"{name}.jsonl", records)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
