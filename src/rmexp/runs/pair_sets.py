"""Where the pairs of a run come from, so that different data of one name are not taken for the same."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from rmexp.data.loading import Batching, Limits, Named, SplitRule
from rmexp.data.selection import Selection
from rmexp.left_files import read_json
from rmexp.runs.axes import ABSENT, Settings, plain
from rmexp.runs.named_settings import in_words

# Keys of data sets that say which pairs of one are used and how, but not which one it is.
USE = frozenset(one.name for part in (Named, Limits, Batching, SplitRule, Selection) for one in fields(part))
FIRST = "path"  # of a source, where it tells some data apart


class PairSet(NamedTuple):
    """Where some pairs come from.

    Attributes:
        source: what their source was asked for, by key.
        pairs: fingerprint of them; empty where the run left none.
    """

    source: Settings = MappingProxyType({})
    pairs: str = ""

    def marks(self) -> Iterator[str]:
        """What it has in common with other pairs of the same data: the source, or all pairs."""
        yield plain(dict(self.source))
        if self.pairs:
            yield self.pairs


def pair_set(folder: Path, settings: Settings, data: str, split: str) -> PairSet:
    """Where the pairs of a run come from.

    Args:
        folder: of the run.
        settings: of the run.
        data: name of the set that it was tested on, its own or one of its tests.
        split: of it.
    """
    test, among_tests = f"tests.{data}.", f"{data}-{split}"
    own = settings.get("data.name") == data and not _manifest(folder, among_tests)
    node = test if not own and any(key.startswith(test) for key in settings) else "data."
    source = {key.removeprefix(node): value for key, value in settings.items() if key.startswith(node)}
    manifests = [_manifest(folder, name) for name in (split, f"{split}.explicit")] if node == "data." else []
    found = next(filter(None, [_manifest(folder, among_tests), *manifests]), {})
    return PairSet({key: value for key, value in source.items() if key not in USE}, str(found.get("data", "")))


def told_apart(sets: Sequence[Sequence[PairSet]]) -> list[str]:
    """What tells the data of each of several runs from the others, in words; empty where all are the same data.

    Runs have the same data where their sources were asked for the same, or gave the same pairs.

    Args:
        sets: of one name; each may be of several runs that belong together.

    >>> paths = {"a/x.jsonl": "1", "/home/a/x.jsonl": "1", "b/x.jsonl": "2"}
    >>> told_apart([[PairSet({"path": path}, pairs)] for path, pairs in paths.items()])
    ['path=a/x.jsonl', 'path=a/x.jsonl', 'path=b/x.jsonl']
    """
    numbers = _numbers([{mark for one in some for mark in one.marks()} for some in sets])
    first = {number: place for place, number in reversed([*enumerate(numbers)])}
    if len(first) < 2:
        return [""] * len(numbers)
    sources = {number: sets[place][0].source if sets[place] else {} for number, place in first.items()}
    words = _words(sources)
    return [words[number] for number in numbers]


def _numbers(marks: Sequence[set[str]]) -> list[int]:
    """The same number for all that are joined by a mark, or by others that they share marks with."""
    numbers, joined = [*range(len(marks))], [set(one) for one in marks]
    for place, own in enumerate(joined):
        for other in range(place):
            if numbers[other] != numbers[place] and own & joined[other]:
                numbers = [numbers[place] if number == numbers[other] else number for number in numbers]
    return numbers


def _words(sources: Mapping[int, Settings]) -> dict[int, str]:
    """The first key that tells all of some sources apart with its value, or all keys whose values differ."""
    keys = sorted({key for source in sources.values() for key in source}, key=lambda key: (key != FIRST, key))
    values = {key: [plain(source.get(key, ABSENT)) for source in sources.values()] for key in keys}
    differing = [key for key in keys if len({*values[key]}) > 1]
    one = [key for key in differing if len({*values[key]} - {plain(ABSENT)}) == len(sources)][:1]
    return {
        number: in_words({key: source.get(key, ABSENT) for key in one or differing})
        for number, source in sources.items()
    }


def _manifest(folder: Path, name: str) -> Mapping[str, object]:
    """What a scored file of a run says of itself; nothing where there is none."""
    path = folder / "scored" / f"{name}.manifest.json"
    return read_json(path) if path.is_file() else {}
