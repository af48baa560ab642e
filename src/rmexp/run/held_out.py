"""How good the finished model of a stage is on every split that it did not learn from, and on other data sets."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rmexp.analysis.accuracy import pairwise_accuracy
from rmexp.analysis.against_truth import against_truth
from rmexp.analysis.ceiling import ceiling, truth_of
from rmexp.analysis.held_out import HeldOut, by_slice, held_out
from rmexp.analysis.usable_information import usable_bits
from rmexp.data.loading import Loading
from rmexp.jsonl import write_rows
from rmexp.records import Preference, Scored
from rmexp.run.data import LoadedData
from rmexp.scoring.explicit import ExplicitScorer
from rmexp.scoring.implicit import ImplicitScorer
from rmexp.scoring.scored_file import write_scored


class EvaluationSet(NamedTuple):
    """Pairs to be scored.

    Attributes:
        data: name of the data set: its own, or its key below `tests`.
        split: which of its splits.
        records: the pairs.
        bins: difficulty of each by id; None where nobody has measured it.
        file: name of the scored file, without its suffix.
    """

    data: str
    split: str
    records: Sequence[Preference]
    bins: Mapping[str, str] | None
    file: str


def stage_scorer(module: Any, reference: str | None, loading: Loading, threads: int | None, folder: Path) -> Any:
    """The finished model of a run folder as users will score with it; None for a stage that learns no preference.

    Args:
        module: that was trained.
        reference: folder that training started from; None for one that the run left itself.
        loading: limits, and pairs per batch.
        threads: processor threads; None chooses by model size.
        folder: run folder.
    """
    model = str(folder / "model")
    if module.kind == "reward_model":
        return ExplicitScorer("explicit", model, loading=loading, threads=threads)
    if module.relative:
        base = reference or str(folder / "reference")
        return ImplicitScorer("implicit", model, base, None, "response_sum", loading=loading, threads=threads)
    return None


def evaluation_sets(data: LoadedData, tests: Mapping[str, LoadedData]) -> list[EvaluationSet]:
    """All splits but `train` of the data set, and the one split of each other data set."""
    sets = [
        EvaluationSet(data.loading.name, split, records, data.bins, split)
        for split, records in data.records.splits.items()
        if split != "train"
    ]
    for name, other in tests.items():
        for split, records in other.records.splits.items():
            if not any(same.split == split and same.data == name and same.records == records for same in sets):
                sets.append(EvaluationSet(name, split, records, other.bins, f"{name}-{split}"))
    return sets


def evaluate(scorer: Any, sets: Sequence[EvaluationSet], folder: Path) -> list[dict[str, Any]]:
    """Score each set once and leave the scores and each pair's usable information in the run folder.

    Args:
        scorer: of the finished model.
        sets: to be scored.
        folder: run folder; `scored/` and `usable_information.jsonl` go there.

    Returns:
        Rows of figures, one a set and one a difficulty bin of it.
    """
    figures: list[dict[str, Any]] = []
    pairs: list[dict[str, Any]] = []
    for part in sets:
        scored = scorer.score(part.records)
        write_scored(folder / "scored" / f"{part.file}.jsonl", scored, part.records, scorer.describe())
        for slice_name, result in _figures(part, scored).items():
            row = {"scorer": scorer.name, "data": part.data, "split": part.split, "slice": slice_name}
            beside = _beside(part, scored) if slice_name is None else {}
            figures.append(row | result.to_row() | beside)
        pairs += _pairs(part, scored)
    write_rows(folder / "usable_information.jsonl", pairs)
    return figures


def _figures(part: EvaluationSet, scored: Sequence[Scored]) -> dict[str | None, HeldOut]:
    scores, target = [row.scores for row in scored], [record.target for record in part.records]
    result: dict[str | None, HeldOut] = {None: held_out(scores, target)}
    if part.bins is not None:
        bins = by_slice(scores, target, [part.bins[record.id] for record in part.records])
        result |= {f"difficulty={name}": figures for name, figures in bins.items()}
    return result


def _beside(part: EvaluationSet, scored: Sequence[Scored]) -> dict[str, Any]:
    """What the figures are to be measured by: the longer response, and the truth where it is known."""
    target = [record.target for record in part.records]
    characters = [[len(response) for response in record.responses] for record in part.records]
    beside: dict[str, Any] = {"longer_accuracy": pairwise_accuracy(characters, target).accuracy}
    if (truth := truth_of(part.records)) is not None:
        known = ceiling(truth, target)
        beside |= {"bayes_accuracy": known.bayes_accuracy, "bayes_nll": known.bayes_nll}
        beside["against_truth"] = against_truth([row.scores for row in scored], truth).to_row()
    return beside


def _pairs(part: EvaluationSet, scored: Sequence[Scored]) -> Iterator[dict[str, Any]]:
    margins = [row.scores[0] - row.scores[1] for row in scored]
    bits = usable_bits(margins, [record.target for record in part.records]).tolist()
    for record, margin, value in zip(part.records, margins, bits, strict=True):
        yield {
            "id": record.id,
            "data": part.data,
            "split": part.split,
            "bin": None if part.bins is None else part.bins[record.id],
            "margin": margin,
            "bits": value,
        }
