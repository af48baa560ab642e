"""Joins what the filter kept of the two halves, and draws as many pairs at random; usage: join.py DATA FILTERED SET.

Leaves DATA/SET/noiseRATE/SEED/{filtered,seen,random}.jsonl; `seen` is what the model that had seen the labels kept.
"""

import random
import sys
from pathlib import Path

from rmexp.durable import write_text
from rmexp.lines import read_lines


def main(data: Path, filtered: Path, name: str) -> None:
    for place in sorted((data / name).glob("noise*/*")):
        cell = place.relative_to(data / name)
        kept = [line for half in ("a", "b") for line in lines(filtered / name / half / cell / "kept.jsonl")]
        whole = lines(place / "all.jsonl")
        drawn = random.Random(int(place.name)).sample(whole, len(kept))
        parts = {"filtered": kept, "seen": lines(filtered / name / "seen" / cell / "kept.jsonl"), "random": drawn}
        for part, rows in parts.items():
            write_text(place / f"{part}.jsonl", "".join(rows))


def lines(path: Path) -> list[str]:
    return [line.decode() for _, line in read_lines(path)]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
