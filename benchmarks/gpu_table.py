"""One table of what benchmarks/gpu.sh has measured so far, with the ratio that is wanted beside each figure.

Usage: `python -m benchmarks.gpu_table FOLDER`. What is not there yet, or has failed, is left out.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

OWN = "rmexp"


class Training(NamedTuple):
    """What is wanted of training, as ratios to TRL's fastest setting: speed at least, memory at most."""

    file: str
    what: str
    speed: float
    memory: float | None


TRAINED = (
    Training("reward_large.json", "reward model", 2.5, 0.5),
    Training("dpo_large.json", "DPO", 4.0, 0.5),
    Training("reward_small.json", "reward model", 2.5, None),
)
MORE_OF, MORE = "reward_large.json", "loops_large.json"  # further arms of the first, which come last
SCORED = 3.0
SAMPLED = 1.0
FIFTY_STEPS = 4.0  # seconds
COLUMNS = ("figure", "rmexp", "other", "ratio", "wanted", "holds", "MFU")


class Row(NamedTuple):
    """A figure beside another one."""

    figure: str
    ours: float
    other: str
    ratio: float
    wanted: str
    holds: bool
    share_of_peak: float | None = None

    def cells(self) -> list[str]:
        """As they are shown."""
        share = "" if self.share_of_peak is None else f"{100 * self.share_of_peak:.0f} %"
        holds = "yes" if self.holds else "NO"
        return [self.figure, f"{self.ours:.3g}", self.other, f"{self.ratio:.2f}", self.wanted, holds, share]


def rows(folder: Path) -> Iterator[Row]:
    """Of all that is in a folder."""
    smoke = _read(folder / "smoke" / "summary.json")
    if smoke:
        seconds = smoke["phases"]["training"]
        shown = f"{smoke['steps']} steps of tiny, seconds"
        yield Row(shown, seconds, "", seconds / FIFTY_STEPS, f"under {FIFTY_STEPS:g} s", seconds < FIFTY_STEPS)
    for wanted in TRAINED:
        found = _read(folder / wanted.file)
        if found and wanted.file == MORE_OF:
            found["rows"] += _read(folder / MORE).get("rows", [])
        yield from _trained(found, wanted)
    yield from _beside(folder / "score_large.json", "scoring, {size}, pairs/s", "pairs_per_second", SCORED)
    here, there = (_read(folder / name / "summary.json") for name in ("compare", "compare_cpu"))
    if here and there:
        ours, theirs = here["seconds"]["all"], there["seconds"]["all"]
        other = f"{theirs:.3g} on the processor"
        yield Row("compare, tiny, seconds", ours, other, ours / theirs, "at most 1", ours <= theirs)
    yield from _beside(folder / "generation.json", "sampling, {size}, tokens/s", "tokens_per_second", SAMPLED)


def _trained(found: dict[str, Any], wanted: Training) -> Iterator[Row]:
    """Speed and memory beside TRL's fastest, or beside the fastest loop where TRL is not installed."""
    arms = {row["arm"]: row for row in found.get("rows", ())}
    others = [row for name, row in arms.items() if name.startswith("trl")]
    others = others or [row for name, row in arms.items() if name.startswith("loop")]
    if OWN not in arms or not others:
        return
    ours, best = arms[OWN], max(others, key=lambda row: row["pairs_per_second"])
    speed, memory = (ours[name] / best[name] for name in ("pairs_per_second", "megabytes"))
    other, least = f"{best['pairs_per_second']:.3g} {best['arm']}", f"at least {wanted.speed:g}"
    what, share = f"{wanted.what}, {found['size']}, {found['batch']} pairs a batch", ours["share_of_peak"]
    yield Row(f"{what}, pairs/s", ours["pairs_per_second"], other, speed, least, speed >= wanted.speed, share)
    if wanted.memory is not None:
        other, most = f"{best['megabytes']:.3g} {best['arm']}", f"at most {wanted.memory:g}"
        yield Row(f"{what}, MB", ours["megabytes"], other, memory, most, memory <= wanted.memory)


def _beside(path: Path, what: str, name: str, wanted: float) -> Iterator[Row]:
    """The fastest way of rmexp beside the fastest of transformers."""
    found = _read(path)
    rows_of = found.get("rows", ())
    ways = [[row for row in rows_of if row["arm"].startswith(start)] for start in (OWN, "transformers")]
    if all(ways):
        ours, theirs = (max(way, key=lambda row: row[name]) for way in ways)
        ratio = ours[name] / theirs[name]
        other = f"{theirs[name]:.3g} {theirs['arm']}"
        yield Row(what.format(size=found["size"]), ours[name], other, ratio, f"at least {wanted:g}", ratio >= wanted)


def _read(path: Path) -> dict[str, Any]:
    """What a file holds; nothing where it is not there, or half written."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def main() -> None:
    """Print the table."""
    lines = [COLUMNS, ("---",) * len(COLUMNS), *(row.cells() for row in rows(Path(sys.argv[1])))]
    print("\n".join(f"| {' | '.join(cells)} |" for cells in lines))


if __name__ == "__main__":
    main()
