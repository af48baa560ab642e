"""What is wrong with a configuration: all of it at once, each with the nearest right name."""

import difflib
from collections.abc import Collection, Iterable, Mapping


class ConfigurationError(ValueError):
    """The configuration cannot be used; `problems` says why, one sentence each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(dict.fromkeys(problems))
        super().__init__(self.problems)

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return self.problems[0]
        return "\n  ".join([f"{len(self.problems)} problems in the configuration", *self.problems])


def in_words(error: Exception) -> str:
    """An error as one line for users; its type goes with it where the message was not made for them."""
    if isinstance(error, ConfigurationError):
        return str(error)
    mark = getattr(error, "problem_mark", None)  # of a YAML parser
    if mark is not None:
        return f"{mark.name}:{mark.line + 1}: not YAML: {getattr(error, 'problem', None)} in column {mark.column + 1}"
    text = " ".join(str(error).split())
    meant = isinstance(error, ValueError | OSError | RuntimeError)
    return text if text and meant else f"{type(error).__name__}: {text}"


def with_its_key(message: str, settings: Mapping[str, object]) -> str:
    """A message that begins with a value, such as a folder, with the keys that have it where it does not tell itself.

    Args:
        message: for users.
        settings: values of the configuration by dotted path.

    >>> with_its_key("./no: there is no such folder", {"scorer.path": "./no", "seed": 0})
    './no: there is no such folder (set scorer.path)'
    """
    if "set " in message:
        return message
    values = {key: value for key, value in settings.items() if isinstance(value, str) and value}
    ends = (": ", " is no ", " is neither ", " at revision ", " cannot be ")
    ids = {key: value.partition("@")[0] for key, value in values.items()}  # a revision is none of the id
    starts = {
        key: [f"{text}{end}" for text in (value, ids[key]) if text for end in ends] for key, value in values.items()
    }
    keys = [key for key, texts in starts.items() if message.startswith(tuple(texts))]
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

    >>> nearest_keys("lr", ["optimizer.lr", "model.recipe.sft.lr", "seed"])
    ['optimizer.lr']
    """
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
