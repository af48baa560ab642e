"""How good the finished model of a stage is on every split that it did not learn from, and on other data sets."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rmexp.analysis.accuracy import pairwise_accuracy
from rmexp.analysis.against_truth import against_truth
from rmexp.analysis.ceiling import ceiling, truth_of
from rmexp.analysis.clusters import clusters_of
from rmexp.analysis.difficulty import BINS
from rmexp.analysis.held_out import held_out
from rmexp.analysis.usable_information import usable_bits
from rmexp.data.encode import Encoder
from rmexp.data.loading import Loading
from rmexp.jsonl import write_rows
from rmexp.models.precision import AUTO
from rmexp.records import Preference, Scored, prompt_text
from rmexp.run.data import LoadedData
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.scoring.explicit import ExplicitScorer
from rmexp.scoring.implicit import ImplicitScorer
from rmexp.scoring.responses import encode_records
from rmexp.scoring.scored_file import read_scored, write_scored
from rmexp.scoring.scorer import Scorer
from rmexp.training.stage import StageModule

log = logging.getLogger(__name__)

DIFFICULTY = "difficulty"


class EvaluationSet(NamedTuple):
    """Pairs to be scored.

    Attributes:
        data: name of the data set: its own, or its key below `tests`.
        split: which of its splits.
        records: the pairs.
        slices: parts that are looked at by themselves, by what tells them apart: `difficulty` where it was measured,
            `source` in a mixture; each has the name of every pair's part by its id.
        file: name of the scored file, without its suffix.
    """

    data: str
    split: str
    records: Sequence[Preference]
    slices: Mapping[str, Mapping[str, str]]
    file: str


def learns_preferences(module: StageModule) -> bool:
    """Whether a stage gives something that pairs can be scored with: all but language-model training does."""
    return module.kind == "reward_model" or module.relative


def stage_scorer(
    module: StageModule, reference: str | None, loading: Loading, threads: int | None, folder: Path
) -> Scorer:
    """The finished model of a run folder as users will score with it.

    Args:
        module: that was trained, of a stage that learns preferences.
        reference: folder that training started from; None for one that the run left itself.
        loading: limits, and pairs per batch.
        threads: processor threads; None chooses by model size.
        folder: run folder.
    """
    model, loading = str(folder / "model"), loading.without_dropping()
    if module.kind == "reward_model":
        return ExplicitScorer("explicit", model, AUTO, loading=loading, threads=threads)
    base = reference or str(folder / "reference")
    return ImplicitScorer("implicit", model, base, None, None, AUTO, loading=loading, threads=threads)


def evaluation_sets(data: LoadedData, tests: Mapping[str, LoadedData]) -> list[EvaluationSet]:
    """All splits but `train` of the data set, and the one split of each other data set."""
    sets = [
        EvaluationSet(data.loading.name, split, records, _slices(data), split)
        for split, records in data.records.splits.items()
        if split != "train"
    ]
    for name, other in tests.items():
        for split, records in other.records.splits.items():
            if not any(same.split == split and same.data == name and same.records == records for same in sets):
                sets.append(EvaluationSet(name, split, records, _slices(other), f"{name}-{split}"))
    return sets


def cut_to_fit(sets: Sequence[EvaluationSet], encoder: Encoder) -> dict[str, dict[str, int]]:
    """What the length limit will do to each set, by its file; told before anything is trained.

    Args:
        sets: all of them; what becomes of `val` is told when it is encoded for training.
        encoder: as the scorer will have it: no pair is left out.

    Returns:
        Pairs with a side that is cut, `truncated`, and pairs whose sides are equal then, `identical`: these are ties.

    Raises:
        ValueError: a sequence is too long and data.truncation=error.
    """
    counts = {}
    for part in sets:
        responses = [response for response in encode_records(encoder, part.records) if response is not None]
        sides = list(zip(responses[::2], responses[1::2], strict=True))
        cut = sum(first.truncated or second.truncated for first, second in sides)
        identical = sum(first.token_ids == second.token_ids for first, second in sides)
        counts[part.file] = {"truncated": cut, "identical": identical}
        if part.file != "val" and (cut or identical):
            limit = encoder.loading.max_tokens
            log.info("%s: %d of %d pairs cut to %d tokens, %d identical", part.file, cut, len(sides), limit, identical)
    return counts


def evaluate(
    scorer: Scorer, sets: Sequence[EvaluationSet], cut: Mapping[str, Mapping[str, int]], folder: Path
) -> list[HeldOutRow]:
    """Score each set once and leave the scores and each pair's usable information in the run folder.

    Args:
        scorer: of the finished model.
        sets: to be scored.
        cut: what `cut_to_fit` counted in them.
        folder: run folder; `scored/` and `usable_information.jsonl` go there.

    Returns:
        Rows of figures, one a set and one a slice of it.
    """
    figures: list[HeldOutRow] = []
    pairs: list[dict[str, Any]] = []
    for part in sets:
        scored = list(scorer.score(part.records))
        file = folder / "scored" / f"{part.file}.jsonl"
        write_scored(file, scored, part.records, scorer.describe(), log_odds=scorer.log_odds)
        place, lost = (scorer.name, part.data, part.split), cut[part.file]
        whole = _figures(place, None, part.records, scored)
        figures.append(replace(whole, truncated=lost["truncated"], identical=lost["identical"]))
        for name, members in _members(part).items():
            inside = ([part.records[index] for index in members], [scored[index] for index in members])
            figures.append(_figures(place, name, *inside))
        pairs += _pairs(part, scored)
    write_rows(folder / "usable_information.jsonl", pairs)
    return figures


def samples(part: EvaluationSet, folder: Path, most: int = 25) -> list[tuple[Any, ...]]:
    """Scored pairs from the clearest mistake to the clearest success: see `rmexp.training.tracking.SAMPLE_COLUMNS`.

    Args:
        part: that was evaluated.
        folder: run folder.
        most: pairs, evenly spread.
    """
    scored, _ = read_scored(folder / "scored" / f"{part.file}.jsonl")
    margins = [row.numbers[0] - row.numbers[1] for row in scored]
    order = sorted(range(len(margins)), key=margins.__getitem__)
    places = [order[round(place)] for place in np.linspace(0, len(order) - 1, min(most, len(order)))]
    rows = [(part.records[place], scored[place].numbers, margins[place]) for place in places]
    return [
        (part.data, part.split, pair.id, prompt_text(pair.prompt), *pair.responses, *rewards, margin)
        for pair, rewards, margin in rows
    ]


def _slices(data: LoadedData) -> dict[str, Mapping[str, str]]:
    slices: dict[str, Mapping[str, str]] = {} if data.bins is None else {DIFFICULTY: data.bins}
    if data.records.parts:
        held_out = (record for split, records in data.records.splits.items() if split != "train" for record in records)
        slices["source"] = {record.id: record.meta["source"] for record in held_out}
    return slices


def _members(part: EvaluationSet) -> dict[str, list[int]]:
    """Where the pairs of each slice stand, the easy ones before the hard ones; none of one that is the whole set."""
    members: dict[str, list[int]] = {}
    for kind, names in part.slices.items():
        own = [names[record.id] for record in part.records]
        found = set(own) if len(set(own)) > 1 else ()
        for name in sorted(found, key=lambda name: (BINS.index(name) if name in BINS else len(BINS), name)):
            members[f"{kind}={name}"] = [index for index, other in enumerate(own) if other == name]
    return members


def _figures(
    place: tuple[str, str, str], slice_name: str | None, records: Sequence[Preference], scored: Sequence[Scored]
) -> HeldOutRow:
    """The scorer's figures and what they are to be measured by: the longer response, the truth where it is known."""
    scores, target = [row.numbers for row in scored], [record.target for record in records]
    characters = [[len(response) for response in record.responses] for record in records]
    longer = pairwise_accuracy(characters, target).accuracy
    row = HeldOutRow(*place, slice_name, **asdict(held_out(scores, target)), longer_accuracy=longer)
    if (truth := truth_of(records)) is None:
        return row
    best, near = ceiling(truth, target), against_truth(scores, truth)
    return replace(row, bayes_accuracy=best.bayes_accuracy, bayes_nll=best.bayes_nll, against_truth=near)


def _pairs(part: EvaluationSet, scored: Sequence[Scored]) -> Iterator[dict[str, Any]]:
    margins = [row.numbers[0] - row.numbers[1] for row in scored]
    bits = usable_bits(margins, [record.target for record in part.records]).tolist()
    bins = part.slices.get(DIFFICULTY, {})
    clusters = clusters_of(part.records, None).tolist()
    for record, cluster, margin, value in zip(part.records, clusters, margins, bits, strict=True):
        yield {
            "id": record.id,
            "data": part.data,
            "split": part.split,
            "bin": bins.get(record.id),
            "cluster": cluster,
            "margin": margin,
            "target": record.target,
            "bits": value,
        }
