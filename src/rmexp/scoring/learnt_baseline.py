"""Shallow features with weights learnt from labelled pairs: a reward that has read words, but understood nothing."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rmexp.data.text_measures import first_word, words
from rmexp.jsonl import BadRow, parse_row
from rmexp.lines import read_lines
from rmexp.metrics.preferred_side import is_tie, preferred_side
from rmexp.records import Preference

FEWEST_PAIRS = 20
_FEWEST_RESPONSES = 3  # that a word must occur in
_STRENGTHS = (0.01, 0.1, 1.0, 10.0)  # inverse of the penalty, chosen by cross-validation


def learnt_measure(kind: str, labelled: Sequence[Preference], path: Path) -> Callable[[str, str], float]:
    """Fit a logistic regression to the difference of the two responses' features.

    The penalty is chosen by cross-validation over the pairs, ties left out.

    Args:
        kind: `first_token`, the first word of a response; `bag_of_words`, roots of the counts of its words; or
            `bag_of_words_length`, the same with the logarithm of its length in characters.
        labelled: pairs to learn from.
        path: of their file, for messages.

    Returns:
        The reward of a prompt, which is not looked at, with a response: its features times the weights, so that the
        difference of two rewards is the fitted log-odds.

    Raises:
        ValueError: there are fewer than `FEWEST_PAIRS` pairs with a preference.
    """
    from scipy.sparse import csr_array, hstack
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegressionCV

    pairs = [pair for pair in labelled if not is_tie(pair.target)]
    if len(pairs) < FEWEST_PAIRS:
        raise ValueError(
            f"{path}: expected at least {FEWEST_PAIRS} pairs with a preference, got {len(pairs)} (set scorer.pairs)"
        )
    analyzer = first_word if kind == "first_token" else words
    counter = CountVectorizer(analyzer=analyzer, min_df=_FEWEST_RESPONSES if len(pairs) > 100 else 1)
    counter.fit(response for pair in pairs for response in pair.responses)

    def features(responses: list[str]) -> Any:
        counts = csr_array(counter.transform(responses), dtype=np.float64).sqrt()
        if kind != "bag_of_words_length":
            return counts
        return hstack([counts, csr_array(np.log1p([[len(response)] for response in responses]))], format="csr")

    difference = features([pair.chosen for pair in pairs]) - features([pair.rejected for pair in pairs])
    sign = np.where(np.arange(len(pairs)) % 2, -1.0, 1.0)  # both classes must occur: every other pair is swapped
    first = (preferred_side(np.array([pair.target for pair in pairs])) == 0) == (sign > 0)
    model = LogisticRegressionCV(
        Cs=_STRENGTHS, fit_intercept=False, l1_ratios=(0,), use_legacy_attributes=False, scoring="neg_log_loss"
    )
    model.fit(csr_array(difference.multiply(sign[:, None])), first)
    weights = model.coef_[0]
    return lambda _, response: float((features([response]) @ weights)[0])


def labelled_pairs(path: Path) -> list[Preference]:
    """The preference records of a file of JSON lines.

    Raises:
        BadRow: a row is malformed.
    """
    pairs = []
    for number, line in read_lines(path, key="scorer.pairs"):
        row = parse_row(path, number, line)
        try:
            pairs.append(Preference.from_row(row))
        except ValueError as error:
            raise BadRow(path, number, str(error)) from error
    return pairs
