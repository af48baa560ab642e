"""`rmexp report FOLDER --open --watch`, `rmexp export FOLDER`: spelled out as the keys that they stand for."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from rmexp.config.tree import options_of

FLAGS = ("--open", "--watch")  # of report
FOLDERS = {"report": "run_dir", "track": "path", "export": "path"}  # verbs that ask for one folder and nothing else


def spelled_out(verb: str, arguments: Sequence[str]) -> list[str]:
    """Arguments with keys in place of a bare folder and of the flags that only `report` has.

    Raises:
        ValueError: more than one word is bare.

    >>> spelled_out("report", ["runs/first", "--open"])
    ["run_dir='runs/first'", 'open=true']
    >>> spelled_out("train", ["--open"])
    ['--open']
    """
    asks = {"-h", "--help"} & set(arguments)  # whose bare words are keys
    if verb not in FOLDERS or asks:
        return [*arguments]
    bare = [*bare_words(arguments)]
    if len(bare) > 1:
        runs = ",".join(bare)
        keys = {"report": f"run_dir=FOLDER_OF_THE_PAGE 'runs=[{runs}]'", "export": f"path={bare[0]} out={bare[1]}"}
        hint = f"write {keys[verb]}" if verb in keys else "give the command once for each"
        raise ValueError(f"{verb} takes one folder, got {' and '.join(bare)}; {hint}")
    flags = FLAGS if verb == "report" else ()
    return [
        f"{word.removeprefix('--')}=true" if word in flags else _keyed(FOLDERS[verb], word) if word in bare else word
        for word in arguments
    ]


def bare_words(arguments: Sequence[str]) -> Iterator[str]:
    """Words that are no flag, no value of one, and no override."""
    for before, word in pairwise(["", *arguments]):
        is_value = before.startswith("-") and before not in (*FLAGS, "-m", "--multirun")  # such as `job` behind `--cfg`
        if not (word.startswith("-") or is_value or is_override(word)):
            yield word


def _keyed(key: str, word: str) -> str:
    escaped = word.replace("'", "\\'")
    return f"{key}='{escaped}'"


def is_override(word: str) -> bool:
    """Whether a word sets a key or chooses an option; a folder such as `sweep/optimizer.lr=0.1` does neither."""
    key, equals, _ = word.lstrip("+~").partition("=")
    group = key.partition("@")[0]
    return bool(equals) and ("/" not in group or bool(options_of(group)))
