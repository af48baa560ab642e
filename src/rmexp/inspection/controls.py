"""What a scorer needs: the labels it should follow, the prompt, the whole response, and not the length."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rmexp.inspection.check import (
    FAIL,
    PASS,
    SKIP,
    WARN,
    Array,
    Check,
    Clusters,
    Score,
    better_of,
    pair_scores,
    response_scores,
)
from rmexp.records import Preference, Prompt, prompt_text
from rmexp.statistics.correlation import spearman
from rmexp.statistics.means import clustered_mean
from rmexp.statistics.shares import Share, clustered_share

NEUTRAL = "This is a response."
DOMINANT = 0.9  # spread of one response over prompts, beside that of the real ones, from which prompts decide
OWN_SCORE = 0.5  # share of the responses with a score of their own, below which a person should look
DROP, MOVED = 0.02, 0.1  # accuracy lost behind another prompt, and margins moved, below which prompts are hardly read
STRONG = 0.5  # rank correlation with length from which a person should look


def labels(score: Score, pairs: Sequence[Preference], clusters: Clusters) -> Check:
    """Whether the scorer orders the pairs as their labels do.

    Args:
        score: of records.
        pairs: N with a preference.
        clusters: (N,) numbers of what is independent, such as prompts.
    """
    found = clustered_share(_right(pair_scores(score, pairs)), clusters)
    if found.value is None or found.low is None or found.high is None:
        return _without_interval("labels", found)
    verdict = PASS if found.low > 0.5 else FAIL if found.high < 0.5 else WARN
    bounds = f"[{_percent(found.low)}, {_percent(found.high)}]"
    reasons = {PASS: "above chance.", WARN: "which chance explains.", FAIL: "below chance: are labels turned round?"}
    says = f"{_percent(found.value)} of {len(pairs)} pairs are ordered as labelled {bounds}, {reasons[verdict]}"
    return Check("labels", verdict, says, {"accuracy": found.value, "n": len(pairs)})


def foreign_prompts(score: Score, pairs: Sequence[Preference]) -> Check:
    """Response-only control: the same responses behind another pair's prompt."""
    if len({prompt_text(pair.prompt) for pair in pairs}) < 2:
        return Check("response only", SKIP, "All pairs have the same prompt, so that no other can be put before them.")
    foreign = [replace(pair, prompt=prompt, id="") for pair, prompt in zip(pairs, _others(pairs), strict=True)]
    own, other = pair_scores(score, pairs), pair_scores(score, foreign)
    before, after = float(_right(own).mean()), float(_right(other).mean())
    moved = float(np.abs(np.diff(own - other)).mean() / (np.abs(np.diff(own)).mean() or 1.0))
    verdict = WARN if after >= before - DROP and moved < MOVED else PASS
    says = (
        f"Behind another pair's prompt {_percent(after)} of the pairs are ordered as labelled, behind their own "
        f"{_percent(before)}; margins move by {_percent(moved)} of their size"
        f"{': the prompt is hardly read.' if verdict == WARN else '.'}"
    )
    return Check("response only", verdict, says, {"own": before, "foreign": after, "margin_moves": moved})


def prompt_alone(score: Score, pairs: Sequence[Preference]) -> Check:
    """Prompt-only control: how much of the spread of scores is there with one neutral response to all prompts."""
    whole = pair_scores(score, pairs)
    alone = response_scores(score, [pair.prompt for pair in pairs], [NEUTRAL] * len(pairs))
    ratio = float(alone.std() / (whole.std() or 1.0))
    verdict = WARN if ratio >= DOMINANT else PASS
    says = (
        f"With one neutral response to every prompt, scores still spread by {_percent(ratio)} of what they do over the "
        f"real responses{': nearly all of it is in the prompt.' if verdict == WARN else '.'}"
    )
    return Check("prompt only", verdict, says, {"spread_of_prompts": ratio})


def truncated(score: Score, pairs: Sequence[Preference], clusters: Clusters) -> Check:
    """Whether the better response loses when its second half is cut off; arguments as for `labels`."""
    prompts, whole = [pair.prompt for pair in pairs], [better_of(pair) for pair in pairs]
    halves = [text[: max(1, len(text) // 2)].strip() or text for text in whole]
    change = response_scores(score, prompts, halves) - response_scores(score, prompts, whole)
    lower = clustered_share((change < 0) + 0.5 * (change == 0), clusters)
    if lower.value is None or lower.low is None:
        return _without_interval("truncated responses", lower)
    verdict = PASS if lower.low > 0.5 else WARN
    says = (
        f"Cut in half, {_percent(lower.value)} of the better responses score lower; the mean change is "
        f"{change.mean():.3g}{'.' if verdict == PASS else ': a response that breaks off is not told from a whole one.'}"
    )
    return Check("truncated responses", verdict, says, {"lower": lower.value, "mean_change": float(change.mean())})


def _without_interval(name: str, found: Share) -> Check:
    if found.clusters < 2:
        return Check(name, SKIP, "All pairs have one prompt, which says nothing of others.")
    return Check(name, WARN, f"All {found.n} pairs have equal scores: nothing is told apart.", {"n": found.n})


def length_drift(score: Score, pairs: Sequence[Preference]) -> Check:
    """How scores go with the length of the response."""
    texts = [text for pair in pairs for text in pair.responses]
    values = np.array([row.numbers for row in score(pairs)], dtype=np.float64).ravel()
    found = spearman(values, np.array([len(text) for text in texts]))
    if found is None:
        return Check("drift with length", SKIP, "Scores or lengths are all the same.")
    verdict = WARN if abs(found) >= STRONG else PASS
    says = f"The rank correlation of score and characters is {found:.2f}"
    says += f"; from {STRONG:g} on length may stand for quality." if verdict == WARN else "."
    return Check("drift with length", verdict, says, {"spearman": found})


def distribution(score: Score, pairs: Sequence[Preference], clusters: Clusters) -> Check:
    """Where scores lie, and whether they tell responses apart at all; arguments as for `labels`."""
    values = np.array([row.numbers for row in score(pairs)], dtype=np.float64).ravel()
    texts = {(prompt_text(pair.prompt), text) for pair in pairs for text in pair.responses}
    distinct = len(np.unique(values.astype(np.float32))) / len(texts)
    mean = clustered_mean(values, np.repeat(clusters, 2))
    bounds = "" if mean.low is None or mean.high is None else f" [{mean.low:.3g}, {mean.high:.3g}]"
    verdict = FAIL if values.std() == 0 else WARN if distinct < OWN_SCORE else PASS
    says = (
        f"Mean {values.mean():.3g}{bounds}, standard deviation {values.std():.3g}, from "
        f"{values.min():.3g} to {values.max():.3g}; {_percent(min(1.0, distinct))} of the different responses have a "
        "score of their own."
    )
    figures = {"mean": float(values.mean()), "sd": float(values.std()), "scores": values.tolist()}
    return Check("distribution", verdict, says, figures)


def _others(pairs: Sequence[Preference]) -> list[Prompt]:
    """For each pair the next prompt that is another one."""
    prompts = [pair.prompt for pair in pairs]
    return [
        next(other for other in prompts[index + 1 :] + prompts[:index] if other != prompt)
        for index, prompt in enumerate(prompts)
    ]


def _right(scores: Array) -> Array:
    """(N,) 1 where the better response scores higher, one half for equal scores; compared in float32."""
    margin = np.diff(scores.astype(np.float32))[:, 0]
    return np.asarray((margin < 0) + 0.5 * (margin == 0), dtype=np.float64)


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"
