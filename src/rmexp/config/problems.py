"""What is wrong with a configuration: all of it at once, each with the nearest right name."""

import difflib
import errno
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from rmexp.plugins.mistakes import place_of_mistake

RUNS = "runs"  # where run folders go when nobody says
PLACES = ("run_dir", "sweep_dir", "out", "cache_dir")  # last parts of keys that name a folder to write to
# What TRL, transformers, OpenRLHF and reward-bench call a key; docs/migrating.md has them in tables.
ELSEWHERE: Mapping[str, str] = {
    "learning_rate": "optimizer.lr",
    "num_train_epochs": "trainer.max_epochs",
    "per_device_train_batch_size": "data.batch_pairs",
    "train_batch_size": "data.batch_pairs",
    "batch_size": "data.batch_pairs",
    "num_epochs": "trainer.max_epochs",
    "epochs": "trainer.max_epochs",
    "gradient_accumulation_steps": "trainer.accumulate_grad_batches",
    "max_grad_norm": "trainer.gradient_clip_val",
    "max_norm": "trainer.gradient_clip_val",
    "max_length": "data.max_tokens",
    "max_len": "data.max_tokens",
    "model_name_or_path": "model.path",
    "pretrain": "model.path",
    "dataset_name": "data.path",
    "dataset": "data.path",
    "output_dir": "run_dir",
    "save_path": "run_dir",
    "eval_steps": "trainer.validate_every_steps",
    "warmup_ratio": "schedule.warmup_fraction",
    "report_to": "logger",
    "use_wandb": "logger",
    "lr_scheduler_type": "schedule",
    "lr_scheduler": "schedule",
}
FULL = (errno.ENOSPC, errno.EDQUOT)


class ConfigurationError(ValueError):
    """The configuration cannot be used; `problems` says why, one sentence each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(dict.fromkeys(problems))
        super().__init__(self.problems)

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return self.problems[0]
        return "\n  ".join([f"{len(self.problems)} problems in the configuration", *self.problems])


def in_words(error: Exception, settings: Mapping[str, object] = MappingProxyType({})) -> str:
    """An error as one line for users; its type goes with it where the message was not made for them.

    One that comes from a plug-in ends with its file and line.

    Args:
        error: of any kind.
        settings: values of the configuration by dotted path, whose keys are told where they mend it.
    """
    if isinstance(error, ConfigurationError):
        return str(error)
    mark = getattr(error, "problem_mark", None)  # of a YAML parser
    if mark is not None:
        return f"{mark.name}:{mark.line + 1}: not YAML: {getattr(error, 'problem', None)} in column {mark.column + 1}"
    place = place_of_mistake(error)
    said = _said(error, settings)
    return f"{said.rstrip('.')}, at {place}" if place else said


def _said(error: Exception, settings: Mapping[str, object]) -> str:
    if isinstance(error, OSError) and error.strerror and not isinstance(error, ValueError):
        return _of_the_system(error, settings)
    text = " ".join((error.msg if isinstance(error, SyntaxError) else str(error)).split())
    meant = isinstance(error, ValueError | OSError | RuntimeError)
    return _with_its_key(text, settings) if text and meant else f"{type(error).__name__}: {text}"


def _of_the_system(error: OSError, settings: Mapping[str, object]) -> str:
    """What a system call says, behind the path that it is about, with the key that names that or a folder around it."""
    said = f"{error.filename}: {error.strerror}" if error.filename is not None else str(error.strerror)
    path = None if error.filename is None else Path(os.fsdecode(error.filename))
    places = _places(settings)
    if error.errno in FULL:
        keys = [] if path is None else _innermost(path, places) or ["TMPDIR"] * path.is_relative_to(_temporary())
        elsewhere = f" (or set {' or '.join(keys)})" if keys else ""
        return f"{said}; make room and run the same command again{elsewhere}"
    keys = [] if path is None else _innermost(path, [*_texts(settings), *places])
    return f"{said} (set {' or '.join(keys)})" if keys else _with_its_key(said, settings)


def _innermost(path: Path, named: Iterable[tuple[str, str]]) -> list[str]:
    """The keys of the texts that name a path, or the innermost folder around it that is named."""
    folders = [(key, Path(text).absolute()) for key, text in named]
    around = [(key, folder) for key, folder in folders if folder.name and path.absolute().is_relative_to(folder)]
    deepest = max((len(folder.parts) for _, folder in around), default=0)
    return list(dict.fromkeys(key for key, folder in around if len(folder.parts) == deepest))


def _places(settings: Mapping[str, object]) -> list[tuple[str, str]]:
    """Keys with the folders to write to that they name, or leave to be chosen."""
    named = {key: value for key, value in settings.items() if key.rpartition(".")[2] in PLACES}
    named |= {"run_dir": named["run_dir"] or RUNS} if "run_dir" in named else {}
    return [(key, str(value)) for key, value in named.items() if value is not None]


def _texts(settings: Mapping[str, object]) -> list[tuple[str, str]]:
    """Keys with each text that they have, themselves or in a list."""
    lists = [(key, value if isinstance(value, list) else [value]) for key, value in settings.items()]
    return [(key, text) for key, values in lists for text in values if isinstance(text, str) and text.strip("./")]


def _temporary() -> str:
    return os.environ.get("TMPDIR", "/tmp")


def _with_its_key(message: str, settings: Mapping[str, object]) -> str:
    """A message that begins with a value, such as a folder, with the keys that have it where it does not tell itself.

    >>> _with_its_key("./no: there is no such folder", {"scorer.path": "./no", "seed": 0})
    './no: there is no such folder (set scorer.path)'
    """
    if "set " in message:
        return message
    lists = {key: value if isinstance(value, list) else [value] for key, value in settings.items()}
    named = {key: [text for text in values if isinstance(text, str) and text] for key, values in lists.items()}
    ends = (": ", " is no ", " is neither ", " at revision ", " cannot be ")
    ids = {key: [*texts, *(text.partition("@")[0] for text in texts)] for key, texts in named.items()}  # no revision
    starts = {key: tuple(f"{text}{end}" for text in texts if text for end in ends) for key, texts in ids.items()}
    keys = [key for key, beginnings in starts.items() if message.startswith(beginnings)]
    return f"{message} (set {' or '.join(keys)})" if keys else message


def did_you_mean(name: str, names: Collection[str]) -> str:
    """`; did you mean ...?` with the nearest of `names`, or nothing when none is near.

    >>> did_you_mean("trian", ["train", "compare"])
    '; did you mean `train`?'
    """
    return _question(difflib.get_close_matches(name, names, n=1))


def did_you_mean_key(key: str, keys: Collection[str]) -> str:
    """The same for a dotted path, that may lie deeper than thought: `dpo.loss.beta` for `loss.beta`.

    >>> did_you_mean_key("los.beta", ["dpo.loss.beta", "reward.loss"])
    '; did you mean `dpo.loss.beta`?'
    """
    return _question(nearest_keys(key, keys))


def nearest_keys(key: str, keys: Collection[str]) -> list[str]:
    """At most three dotted paths whose end is nearest to a name, those that lie least deep; none where none is near.

    What other programs call a key stands for it, wherever it was looked for.

    >>> nearest_keys("lr", ["optimizer.lr", "model.recipe.sft.lr", "seed"])
    ['optimizer.lr']
    >>> nearest_keys("trainer.batch_size", ["trainer.patience", "data.batch_pairs"])
    ['data.batch_pairs']
    """
    meant = ELSEWHERE.get(key.rpartition(".")[2])
    if meant is not None and (ends := [other for other in keys if f".{other}".endswith(f".{meant}")]):
        return ends[:3]
    tails: dict[str, list[str]] = {}
    for other in sorted(keys, key=lambda other: other.count(".")):
        parts = other.split(".")
        for start in range(len(parts)):
            tails.setdefault(".".join(parts[start:]), []).append(other)
    nearest = difflib.get_close_matches(
        key, [tail for tail in tails if not tail.rpartition(".")[2].startswith("_")], n=1
    )
    found = tails[nearest[0]] if nearest else []
    return [other for other in found if other.count(".") == found[0].count(".")][:3]


def _question(names: Collection[str]) -> str:
    return f"; did you mean {' or '.join(f'`{name}`' for name in names)}?" if names else ""
