"""A scorer for programs: texts in, numbers out, no configuration and no run folder."""

import logging
import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from rmexp.data.loading import Limits
from rmexp.hardware.precision import AUTO
from rmexp.models.backbones.location import model_folder
from rmexp.models.folders.contract import read_contract
from rmexp.models.folders.longest_read import longest_read
from rmexp.records import prompt_text
from rmexp.scored import counts_of
from rmexp.scoring.explicit import ExplicitScorer
from rmexp.scoring.implicit import ImplicitScorer
from rmexp.scoring.scorer import Scorer
from rmexp.scoring.text_items import Item, record_of

log = logging.getLogger(__name__)


class Comparison(NamedTuple):
    """Two responses to one prompt.

    Attributes:
        first: score of the response named first.
        second: score of the other.
        margin: by how much the first leads.
        probability: that the first is the better one, by the scorer; None where its scores are no log-odds.

    >>> Comparison(first=2.0, second=2.0, margin=0.0, probability=0.5).margin
    0.0
    """

    first: float
    second: float
    margin: float
    probability: float | None


class TextScorer:
    """Scores texts with any scorer.

    Args:
        scorer: of any kind that scores one record after the other.

    Raises:
        ValueError: the scores of the scorer are those of whole files.

    >>> from rmexp.scoring.baseline import BaselineScorer
    >>> scorer = TextScorer(BaselineScorer("longer", "longer", 0, None))
    >>> scorer.score([("Describe Kafka.", "A log."), ("Describe Kafka.", "A log of messages.")])
    [6.0, 18.0]
    """

    def __init__(self, scorer: Scorer) -> None:
        if scorer.stored:
            raise ValueError(f"scorer {scorer.name} has the scores of files, it cannot score a text")
        self.scorer = scorer

    def score(self, items: Iterable[Item]) -> list[float]:
        """The score of each item's response.

        Args:
            items: pairs of prompt and response, each a text or a list of messages; or lists of messages that end with
                the response; or objects with `prompt` and `response`. What is longer than the limit loses tokens, and
                a warning of the logger `rmexp` says how many did.

        Raises:
            ValueError: an item is none of these, or has several responses; the message says which one.
        """
        records = []
        for place, item in enumerate(items):
            try:
                records.append(record_of(item))
            except ValueError as error:
                raise ValueError(f"item {place}: {error}") from error
            if len(records[-1].responses) != 1:
                raise ValueError(f"item {place}: expected one response, got {len(records[-1].responses)}")
        rows = list(self.scorer.score(records))
        if cut := counts_of(rows).truncated:
            log.warning("%d of %d texts are longer than the limit and lost tokens (set max_tokens)", cut, len(rows))
        return [row.numbers[0] for row in rows]

    def compare(self, first: Item, second: Item) -> Comparison:
        """Two responses to one prompt.

        Args:
            first: prompt and response; see `score`.
            second: the same prompt and another response.

        Raises:
            ValueError: the prompts differ: scores of different prompts say nothing about each other.

        >>> from rmexp.scoring.baseline import BaselineScorer
        >>> scorer = TextScorer(BaselineScorer("longer", "longer", 0, None))
        >>> scorer.compare(("2 + 2?", "It is 4."), ("2 + 2?", "4"))
        Comparison(first=8.0, second=1.0, margin=7.0, probability=None)
        """
        prompts = [record_of(item).prompt for item in (first, second)]
        if prompt_text(prompts[0]) != prompt_text(prompts[1]):
            raise ValueError("expected two responses to one prompt, got two prompts: their scores cannot be compared")
        one, other = self.score([first, second])
        return Comparison(one, other, one - other, _logistic(one - other) if self.scorer.log_odds else None)


def load(
    folder: str | Path,
    reference: str | Path | None = None,
    *,
    max_tokens: int | None = None,
    threads: int | None = None,
) -> TextScorer:
    """A scorer of texts, of a model on disk or on the hub.

    Args:
        folder: of a model or of the run that left it, or a hub id. A reward model gives its reward, a policy its
            implicit reward.
        reference: of a policy: the model that it is measured against; None takes the one in its run folder.
        max_tokens: longest sequence of prompt and response; a longer one loses the start of its prompt, then the end
            of its response. None takes what the model was trained with; where nothing says that, 512
            or what it has positions for.
        threads: processor threads; None chooses by model size.

    Raises:
        ValueError: there is no model, or a policy without its reference.

    >>> import copy, tempfile
    >>> from rmexp.models.backbones.tiny import tiny
    >>> from rmexp.models.reward_model import RewardModel
    >>> size = {"hidden_size": 8, "layers": 1, "heads": 1, "vocabulary": 262, "max_positions": 512}
    >>> body, tokenizer = tiny(["2 + 2?", "4"], 0, **size)[:2]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     RewardModel(body.base_model).save(Path(folder))
    ...     _ = tokenizer.save_pretrained(folder)
    ...     scorer = load(folder)
    >>> len(scorer.score([("2 + 2?", "4"), ("2 + 2?", "5")]))
    2
    """
    path = model_folder(str(folder))
    contract = read_contract(path)
    limits = Limits(max_tokens or longest_read(path), "cut_prompt", None, 16)
    if contract is None or contract.kind == "reward_model":
        if reference is not None:
            raise ValueError(f"{folder} is a reward model, which has no reference, got {reference}")
        return TextScorer(ExplicitScorer("explicit", path, AUTO, limits=limits, threads=threads))
    beside = Path(path).parent / "reference"
    base = model_folder(str(reference)) if reference is not None else str(beside) if beside.is_dir() else None
    if contract.beta is None:
        raise ValueError(f"{folder} is a language model that was trained on no preferences: it has no reward")
    if base is None:
        raise ValueError(
            f"{folder} is a policy: its implicit reward is measured against a reference, and there is none beside it "
            "(give reference=FOLDER)"
        )
    scorer = ImplicitScorer("implicit", path, base, None, None, AUTO, limits=limits, threads=threads)
    return TextScorer(scorer)


def _logistic(margin: float) -> float:
    return 1 / (1 + math.exp(-margin)) if margin >= 0 else math.exp(margin) / (1 + math.exp(margin))
