"""The sentences of a profile: what to conclude from its numbers before training anything."""

from collections.abc import Iterator

from rmexp.data.rules import LEARNT
from rmexp.profile.baselines import Baseline
from rmexp.profile.label_noise import NoiseEstimate
from rmexp.profile.profile import Profile
from rmexp.profile.resolution import Resolution
from rmexp.reports.drawing.numbers import count, counted, number, percent
from rmexp.reports.profile.plots import NAMES, best_first
from rmexp.statistics.multiple_tests import lower_of_best

_METHODS = {
    "repeated_pairs": "pairs labelled more than once",
    "triangles": "cycles among three responses",
    "votes": "soft labels",
    "confident_disagreement": "confident disagreement",
}


def method_name(estimate: NoiseEstimate) -> str:
    """What an estimate of label noise is made from."""
    return _METHODS[estimate.method]


def with_interval(value: float | None, low: float | None, high: float | None) -> str:
    """A share and its interval."""
    return percent(value) if low is None else f"{percent(value)} [{percent(low)}, {percent(high)}]"


def conclusions(profile: Profile) -> Iterator[str]:
    """One sentence for each thing that a reader should know before training."""
    yield baseline_sentence(profile)
    if profile.ceiling is not None and profile.ceiling.bayes_accuracy is not None:
        yield (
            f"No model can expect more than {percent(profile.ceiling.bayes_accuracy)}: the true probabilities are "
            f"known, and the labels were drawn from them (least log-loss {number(profile.ceiling.bayes_nll)} nats)."
        )
    yield from warnings(profile)
    if profile.resolution is not None:
        yield resolution_sentence(profile, profile.resolution)
    yield length_sentence(profile)


def baseline_sentence(profile: Profile) -> str:
    """The figure that a model must beat; that it is the best of several is no reason yet."""
    best = profile.best
    if best.accuracy is None:
        return "No pair has a preference, so there is nothing to learn."
    rules = [baseline for baseline in best_first(profile.rules) if baseline.name not in LEARNT]
    said = f"{NAMES[best.name]} gets {_figure(best)}"
    if best.name in LEARNT:
        said += f"; without learning anything, {NAMES[rules[0].name]} gets {_figure(rules[0])}"
    number_of_them = len(profile.rules)
    if best.low is None or lower_of_best(best.accuracy, best.low, number_of_them) <= 0.5:
        return f"No baseline is told from a coin by these pairs: the best of {number_of_them}, {said}."
    return f"A model must beat this before it has learnt anything else: {said}."


def _figure(baseline: Baseline) -> str:
    return with_interval(baseline.accuracy, baseline.low, baseline.high)


def warnings(profile: Profile) -> Iterator[str]:
    """What is wrong with the data, where anything is."""
    counts = profile.counts
    if profile.bad_rows:
        kinds = [row.kind for row in profile.bad_rows]
        said = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
        remedy = f" train stops here: mend {'it' if len(kinds) == 1 else 'them'}, or data.on_bad_row=skip."
        left_out = f"Left out while reading: {counted(len(kinds), 'row')} ({said}); bad_rows.jsonl has them."
        yield left_out + (remedy if profile.train_stops else "")
    if counts.normalised_duplicates:
        yield (
            f"Rows that repeat an earlier one: {count(counts.duplicates)} exactly, "
            f"{count(counts.normalised_duplicates)} when case, space and punctuation are left aside."
        )
    if counts.contradictions:
        yield (
            f"Labels in both directions: {count(counts.contradictions)} of {counted(counts.repeated, 'pair')} of "
            "responses labelled more than once."
        )
    if counts.in_cycles:
        yield cycles_sentence(profile)
    if counts.identical_normalised:
        yield f"Sides that differ in nothing but case, space or punctuation: {count(counts.identical_normalised)}."
    yield from _dialogue_sentences(profile)
    yield from _position_sentences(profile)
    if profile.leaks is not None and profile.leaks.indices:
        yield leaks_sentence(profile)


def _dialogue_sentences(profile: Profile) -> Iterator[str]:
    prompts, responses = profile.dialogues
    if prompts:
        yield (
            f"Prompts with Human: and Assistant: turns in one text: {count(prompts)}. A chat template takes each for a "
            "single turn of the user's; data/format=hh_rlhf makes messages of them (with data.format.prompt=prompt "
            "where the responses stand alone)."
        )
    if responses:
        yield f"Pairs of which a response has a Human: or Assistant: turn in it: {count(responses)}."


def _position_sentences(profile: Profile) -> Iterator[str]:
    """Where the data keeps an order of its own, whether the labels follow it."""
    first = profile.position
    if first.accuracy in (None, 0.0, 1.0) or first.low is None or first.high is None:
        return
    if not first.low <= 0.5 <= first.high:
        yield f"Labels prefer the response that is listed first in {_figure(first)} of the pairs."


def cycles_sentence(profile: Profile) -> str:
    """Labels that no order of the responses can make all true."""
    counts = profile.counts
    said = f"Labels on a cycle such as a > b > c > a within their prompt: {count(counts.in_cycles)}"
    if not counts.triangles:
        return f"{said}."
    share = percent((counts.cyclic_triangles or 0) / counts.triangles)
    return (
        f"{said}; of {counted(counts.triangles, 'triple')} of which each two are compared, {share} contradict "
        "themselves (25 % for labels drawn by a coin)."
    )


def leaks_sentence(profile: Profile) -> str:
    """What of the training split is evaluated on."""
    leaks = profile.leaks
    if leaks is None:
        return "Nothing was looked for: data.leaks=ignore, or there are no two splits and the data cannot be split."
    if not leaks.indices:
        return f"No prompt of {counted(leaks.pairs, 'training pair')} is evaluated on, not even nearly."
    kinds = leaks.counts
    return (
        f"Leaks: {count(len(leaks.indices))} of {counted(leaks.pairs, 'training pair')} with a prompt that is "
        f"evaluated on, {count(kinds['exact'])} exactly, {count(kinds['normalised'])} but for case, space or "
        f"punctuation, {count(kinds['near'])} nearly; data.leaks=drop leaves them out of training."
    )


def length_sentence(profile: Profile) -> str:
    """What sequences cost, and what sharing prompts saves."""
    lengths = profile.lengths
    longest = lengths.tokens["prompt"]["p95"] + max(lengths.tokens[side]["p95"] for side in ("chosen", "rejected"))
    return (
        f"{count(lengths.total)} tokens, {percent(lengths.prompt_share)} of them prompt; sharing the prompt between "
        f"the two responses saves {percent(lengths.saved_by_pair)} of two separate sequences, sharing it between all "
        f"different responses to it {percent(lengths.saved_by_prompt)}. About {number(longest)} tokens hold a long "
        f"prompt with a long response (95th percentiles); {counted(lengths.too_long, 'pair')} "
        f"({percent(lengths.too_long / len(profile.records))}) would not fit into data.max_tokens="
        f"{lengths.max_tokens}, before any chat template."
    )


def resolution_sentence(profile: Profile, found: Resolution) -> str:
    """What can be told of a model that is trained on this data."""
    among = "" if found.pairs == found.clusters else f" of {count(found.clusters)} {profile.cluster}"
    judged = f"Split as for training, a model is judged on {counted(found.pairs, 'pair')}{among} (`{found.split}`)"
    if found.half_width is None or found.half_width_alike is None:
        return f"{judged}: an accuracy there has no interval, for these are not independent of each other."
    apart, alike = (
        f"\u00b1 {100 * half_width:.1f} points" for half_width in (found.half_width, found.half_width_alike)
    )
    said = f"{judged}: an accuracy near 50 %, where its interval is widest, is known there to about {apart} (95 %)"
    if not among:
        return f"{said}."
    return f"{said} if the pairs of each are right or wrong one by one, and to about {alike} if all of them together."


def bins_caption(profile: Profile) -> str:
    """What the accuracy of the longer response in a bin says."""
    if profile.difficulty.of_baseline:
        return (
            "Ease is a margin towards the label here, so what it sees is right on easy pairs and wrong on hard ones by "
            "construction: on hard pairs 50 % and less is what a model has to improve on."
        )
    return "A bin far above 50 % can be won by length alone."


def difficulty_sentence(profile: Profile) -> str:
    """What difficulty is measured by here."""
    low, high = profile.difficulty.thresholds
    return (
        f"Ease is measured by: {profile.difficulty.by}. A pair is hard up to {number(low)} and easy from "
        f"{number(high)} on: thirds of the pairs with a preference, equal ones together; labelled ties are hard. "
        "data.difficulty=difficulty.jsonl with data.difficulty_bins uses the bins."
    )
