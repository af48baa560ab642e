"""The keys that every data set has beside those of its source."""

from dataclasses import dataclass, replace
from typing import Self

TRUNCATIONS = ("cut_prompt", "cut_response", "drop", "error")


@dataclass(frozen=True)
class Loading:
    """How records become splits and batches, whatever their source.

    Attributes:
        name: of the data set, for folders and reports.
        batch_pairs: pairs per training batch, at least 1.
        batch_by: what the pairs of a batch share as far as they fit, so that responses that they have in common are
            computed once: `prompt`, or a field such as `meta.topic`; None shuffles all pairs.
        max_tokens: longest sequence of prompt and response, in tokens.
        truncation: what happens to a longer one: `cut_prompt` (from the left, then the response from the right),
            `cut_response` (from the right), `drop` the pair, or `error`. Scoring leaves nothing out: it takes `drop`
            for `cut_prompt`, and marks what was cut.
        val_fraction: share in [0, 1) of the pairs that go to validation where the data has no split of its own; 0
            trains on all of them.
        group: field that no two splits may share, such as `meta.topic`; the prompt when None.
        split_seed: another one gives another split.
        cache_dir: folder of encoded data, shared by runs; its files may be deleted at any time. None keeps none.
        batch_tokens: most tokens that are computed at once, at least those of the longest sequence; a larger batch is
            computed in parts, to the same gradient in less memory. None computes every batch at once.
    """

    name: str
    batch_pairs: int
    batch_by: str | None
    max_tokens: int
    truncation: str
    val_fraction: float
    group: str | None
    split_seed: int
    cache_dir: str | None
    batch_tokens: int | None

    def __post_init__(self) -> None:
        if self.batch_pairs < 1:
            raise ValueError(f"data.batch_pairs must be at least 1, got {self.batch_pairs}")
        if self.batch_tokens is not None and self.batch_tokens < 1:
            raise ValueError(f"data.batch_tokens must be at least 1, got {self.batch_tokens}")
        if self.max_tokens < 2:
            raise ValueError(f"data.max_tokens must be at least 2, got {self.max_tokens}")
        if self.truncation not in TRUNCATIONS:
            raise ValueError(f"data.truncation must be one of {', '.join(TRUNCATIONS)}, got {self.truncation}")
        if not 0 <= self.val_fraction < 1:
            raise ValueError(f"data.val_fraction must be at least 0 and below 1, got {self.val_fraction}")

    def without_dropping(self) -> Self:
        """The same, for those who need a score of every response: what would be dropped loses some of its prompt."""
        return replace(self, truncation="cut_prompt") if self.truncation == "drop" else self
