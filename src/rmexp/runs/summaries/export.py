"""The summary of exporting a model."""

from dataclasses import dataclass
from typing import ClassVar

from rmexp.metrics.parity import Parity


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """The folder that was written.

    Attributes:
        path: of it.
        kind: `reward_model` or `language_model`.
        fingerprint: of its content.
        source: what it was made of.
    """

    path: str
    kind: str
    fingerprint: str
    source: str


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What was exported.

    Attributes:
        model: the folder.
        parity: of its scores.
        remarks: what is not as it was in training.
        seconds: of the whole run.
    """

    verb: ClassVar[str] = "export"

    model: ExportedModel
    parity: Parity
    remarks: tuple[str, ...]
    seconds: float
