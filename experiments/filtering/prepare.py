"""Writes training pairs with labels turned round, in two halves that share no group, and clean test pairs.

usage: prepare.py UKPCONVARG1 OUT, where UKPCONVARG1 is the folder with pairs.jsonl.gz
Leaves OUT/SET/noiseRATE/SEED/{all,a,b,right,val,test}.jsonl; `right` are the pairs whose label was not turned round.
"""

import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rmexp.config.build import framed
from rmexp.config.compose import compose
from rmexp.data.selection import with_label_noise
from rmexp.jsonl import parse_row, write_rows
from rmexp.lines import read_lines
from rmexp.records import Preference

SEEDS, RATES = (0, 1, 2), (10, 20, 30)
TRAIN, VAL, TEST = 3000, 200, 1500
Splits = dict[str, Sequence[Preference]]


def main(ukpconvarg1: Path, out: Path) -> None:
    path = ukpconvarg1 / "pairs.jsonl.gz"
    arguments = [Preference.from_row(parse_row(path, number, line)) for number, line in read_lines(path)]
    for seed in SEEDS:
        write(out / "synthetic", seed, synthetic(seed), lambda record: record.id)
        write(out / "ukpconvarg1", seed, by_debate(arguments, seed), debate)


def synthetic(seed: int) -> Splits:
    sizes = [f"data.pairs={TRAIN}", f"data.val_pairs={VAL}", f"data.test_pairs={TEST}", f"data.seed={seed}"]
    read, *_ = framed("data", compose("train", ["data=synthetic", *sizes]).data)
    return dict(read().splits)


def by_debate(records: Sequence[Preference], seed: int) -> Splits:
    """Whole debates, both of their sides, are held out: four to test, three to validate."""
    debates = sorted({debate(record) for record in records})
    random.Random(seed).shuffle(debates)
    home = dict.fromkeys(debates[:4], "test") | dict.fromkeys(debates[4:7], "val")
    splits: dict[str, list[Preference]] = {"train": [], "val": [], "test": []}
    for record in records:
        splits[home.get(debate(record), "train")].append(record)
    sizes = {"train": TRAIN, "val": VAL, "test": TEST}
    return {name: random.Random(seed).sample(rows, min(sizes[name], len(rows))) for name, rows in splits.items()}


def debate(record: Preference) -> str:
    return str(record.meta["topic"]).partition("_")[0]


def write(folder: Path, seed: int, splits: Splits, group: Callable[[Preference], str]) -> None:
    groups = sorted({group(record) for record in splits["train"]})
    random.Random(seed).shuffle(groups)
    first = set(groups[::2])
    for rate in RATES:
        place = folder / f"noise{rate}" / str(seed)
        noisy = with_label_noise(splits["train"], rate / 100, seed)
        parts = {
            "all": noisy,
            "a": [record for record in noisy if group(record) in first],
            "b": [record for record in noisy if group(record) not in first],
            "right": [record for record in noisy if not record.meta["flipped"]],
            "val": splits["val"],
            "test": splits["test"],
        }
        for name, records in parts.items():
            write_rows(place / f"{name}.jsonl", (record.to_row() for record in records))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
