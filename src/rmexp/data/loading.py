"""The keys that every data set has beside those of its source: what is read of a text, what is a batch, what a split.

They stand side by side under `data` in the configuration; each part of the program gets those that concern it.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Self

from rmexp.ranges import check_ranges

TRUNCATIONS = ("cut_prompt", "cut_response", "drop", "error")


@dataclass(frozen=True)
class Named:
    """What a data set is called.

    Attributes:
        name: for folders and reports.
    """

    name: str


@dataclass(frozen=True)
class Limits:
    """What is read of a prompt with a response: all that encoders and scorers need to know of a data set.

    Attributes:
        max_tokens: longest sequence of prompt and response, in tokens.
        truncation: what happens to a longer one: `cut_prompt` (from the left, then the response from the right),
            `cut_response` (from the right), `drop` the pair, or `error`.
        cache_dir: folder of encoded data, and of what was read of large files, shared by runs; its files may be deleted
            at any time. None keeps none.
        batch_pairs: pairs that a model of others scores at once, at least 1; our own go by tokens.
    """

    max_tokens: Annotated[int, "at least 2"]
    truncation: str
    cache_dir: str | None
    batch_pairs: Annotated[int, "at least 1"]

    def __post_init__(self) -> None:
        check_ranges(self, "data")
        if self.truncation not in TRUNCATIONS:
            raise ValueError(f"data.truncation must be one of {', '.join(TRUNCATIONS)}, got {self.truncation}")

    def without_dropping(self) -> Self:
        """The same, for those who need a score of every response: what would be dropped loses some of its prompt."""
        return replace(self, truncation="cut_prompt") if self.truncation == "drop" else self


@dataclass(frozen=True)
class Batching:
    """How examples become batches of training.

    Attributes:
        batch_pairs: pairs per training batch, at least 1.
        batch_by: what the pairs of a batch share as far as they fit, so that responses that they have in common are
            computed once: `prompt`, or a field such as `meta.topic`; None shuffles all pairs.
        batch_tokens: most tokens that are computed at once, at least those of the longest sequence; a larger batch is
            computed in parts, to the same gradient in less memory. None computes every batch at once.
        max_val_pairs: most pairs, or demonstrations, that a validation during training computes, at least 1; of more,
            whole prompts or groups are drawn. What is evaluated at the end is not bound. None computes all of them.
    """

    batch_pairs: Annotated[int, "at least 1"]
    batch_by: str | None
    batch_tokens: Annotated[int, "at least 1"] | None
    max_val_pairs: Annotated[int, "at least 1"] | None

    def __post_init__(self) -> None:
        check_ranges(self, "data")


@dataclass(frozen=True)
class SplitRule:
    """How data without a split of its own is split.

    Attributes:
        val_fraction: share in [0, 1) of the pairs that go to validation; 0 trains on all of them.
        group: field that no two splits may share, such as `meta.topic`; the prompt when None. Intervals take its
            values as independent of each other.
        split_seed: another one gives another split.
    """

    val_fraction: Annotated[float, "in [0, 1)"]
    group: str | None
    split_seed: int

    def __post_init__(self) -> None:
        check_ranges(self, "data")
