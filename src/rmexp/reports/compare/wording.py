"""The sentences of a comparison: what each figure shows, in words that follow from its numbers."""

from collections.abc import Sequence

from rmexp.comparison.agreement import Agreement
from rmexp.comparison.graded import Graded
from rmexp.comparison.length import LengthEffect
from rmexp.comparison.reductions import LevelFigures
from rmexp.evaluation.measures.accuracy import Accuracy
from rmexp.reports.compare.content import CompareReport, SplitResult, StageResult
from rmexp.reports.drawing.curves import curve, epochs
from rmexp.reports.drawing.numbers import count, counted, decimals, number, p_value, percent
from rmexp.runs.summaries.compare import ShowcasePrompt


def verdict(split: SplitResult) -> str:
    """Both accuracies and the agreement on one split."""
    figures = split.agreement
    if figures.same_order is None:
        return f"{split.title}: no pair has a preference, so there is nothing to compare."
    same = round(figures.same_order * figures.pairs)
    return (
        f"{split.title}: the explicit reward orders {_accuracy(split.explicit)} of {counted(figures.pairs, 'pair')} as "
        f"labelled, the implicit reward {_accuracy(split.implicit)}; they put the same response first on "
        f"{count(same)} of {count(figures.pairs)}. {paired_sentence(split)}"
    )


def headline(split: SplitResult) -> str:
    """The sentence that leads the page: both accuracies on one split, and whether they differ."""
    figures = split.agreement
    if figures.same_order is None:
        return f"{split.title}: no pair has a preference, so there is nothing to compare."
    return (
        f"On {counted(figures.pairs, 'pair')} of {split.title} the explicit reward is right on "
        f"{percent(split.explicit.accuracy)}, the implicit one on {percent(split.implicit.accuracy)}: {_apart(split)}."
    )


def _apart(split: SplitResult) -> str:
    paired = split.paired
    if split.agreement.both_right == split.agreement.pairs:
        return "these pairs cannot tell which of the two is better"
    if paired is None or not paired.first_alone + paired.second_alone:
        return "they are wrong on the same pairs"
    difference = paired.difference
    if difference.p is None or difference.value is None:
        return "too few prompts tell them apart for a test"
    if difference.p >= 0.05:
        return f"the difference is within chance (p {p_value(difference.p)})"
    return f"the {'explicit' if difference.value > 0 else 'implicit'} one is better (p {p_value(difference.p)})"


def _accuracy(figures: Accuracy) -> str:
    if figures.accuracy_low is None:
        return percent(figures.accuracy)
    few = ", few" if figures.few else ""
    return f"{percent(figures.accuracy)} [{percent(figures.accuracy_low)}, {percent(figures.accuracy_high)}{few}]"


def paired_sentence(split: SplitResult) -> str:
    """Which of the two rewards is the better one, as far as chance allows to say."""
    figures, paired = split.agreement, split.paired
    if figures.both_right == figures.pairs:
        return "Both order every pair as labelled, so these pairs cannot tell which of the two is better."
    if paired is None or not paired.first_alone + paired.second_alone:
        return "They are wrong on exactly the same pairs."
    discordant = counted(paired.first_alone + paired.second_alone, "discordant pair")
    difference = paired.difference
    if difference.p is None or difference.value is None:
        return f"Too few prompts tell them apart for a test ({discordant})."
    test = f"p {p_value(difference.p)} on {discordant}, {paired.method}"
    if difference.p >= 0.05:
        return f"The difference in accuracy is within chance ({test})."
    better = "explicit" if difference.value > 0 else "implicit"
    return f"The {better} reward is right on more pairs than chance explains ({test})."


def pooled_sentence(figures: Agreement) -> str:
    """Why the pooled correlation is no evidence, beside what it is."""
    return (
        f"Pooled over both classes, Spearman is {decimals(figures.spearman)}; that alone is no evidence of agreement, "
        "since two separated classes in random order inside give 0.75. Among the preferred responses it is "
        f"{decimals(figures.spearman_chosen)}, among the others {decimals(figures.spearman_rejected)}: those say "
        "whether the two rank like responses alike."
    )


def margins_sentence(split: SplitResult, drawn: int) -> str:
    """How to read the margins, and how many of the pairs are drawn."""
    reading = "Each mark is a pair: upper right both rewards are right, lower left both wrong, elsewhere they differ."
    if split.agreement.pairs <= drawn:
        return reading
    return f"{reading} Both figures show {count(drawn)} pairs, evenly picked; all numbers are over all pairs."


def loss_sentence(stage: StageResult) -> str:
    """First and last loss of a stage."""
    parts = []
    for name in ("train", "val"):
        part = curve(stage.rows, f"{name}/loss")
        if len(part.values):
            spoken = "Training" if name == "train" else "validation"
            start = f"from {number(part.values[0])} to " if len(part.values) > 1 else "at "
            parts.append(f"{spoken} loss {start}{number(part.values[-1])} at step {count(int(part.x[-1]))}")
    return f"{', '.join(parts)}."


def accuracy_sentence(stage: StageResult) -> str:
    """Accuracy in the first and in the last epoch of a stage."""
    rows = epochs(stage.rows)
    ends = rows if len(rows) < 2 else (rows[0], rows[-1])
    said = (
        f"epoch {number(r.until)}: train {percent(r.train_accuracy)}, validation {percent(r.val_accuracy)}"
        for r in ends
    )
    return f"{'; '.join(said).capitalize()}."


def showcase_sentence(prompts: Sequence[ShowcasePrompt]) -> str:
    """On how many showcase prompts the two put the same response first, and on how many the preferred one."""
    signs = [(_sign(prompt.explicit), _sign(prompt.implicit)) for prompt in prompts]
    same, right = sum(a == b for a, b in signs), sum(a == b == 1 for a, b in signs)
    return (
        f"Both rewards put the same response first on {same} of {len(prompts)} showcase prompts, the preferred one on "
        f"{right}; compare order and sign of the gap, not heights, for the two scales have nothing in common."
    )


def _sign(scores: tuple[float, float]) -> int:
    return (scores[0] > scores[1]) - (scores[0] < scores[1])


def dilution_sentence(levels: Sequence[LevelFigures]) -> str:
    """What is left of each margin at the longest prompts."""
    last = max(levels, key=lambda level: level.prompt_tokens)
    return (
        f"At {number(last.prompt_tokens)} prompt tokens the sum keeps {percent(last.response_sum.dilution)} of its "
        f"margin at the data's own prompts, the mean {percent(last.sequence_mean.dilution)}: the mean divides the same "
        "difference by every token of the prompt."
    )


def across_sentence(levels: Sequence[LevelFigures]) -> str:
    """Order across prompts at the longest prompts."""
    last = max(levels, key=lambda level: level.prompt_tokens)
    return (
        "A preferred response at its own prompt beats the other response of another prompt of "
        f"{number(last.prompt_tokens)} tokens in {percent(last.response_sum.across)} of cases by the sum and in "
        f"{percent(last.sequence_mean.across)} by the mean."
    )


def flips_sentence(levels: Sequence[LevelFigures]) -> str:
    """Whether averaging changed which response of a prompt comes first."""
    flips, pairs = sum(level.flips for level in levels), sum(level.pairs for level in levels)
    if not flips:
        return "Within a prompt the two reductions never order a pair differently here; the dilution shows in the rest."
    return f"Within a prompt the two reductions order {count(flips)} of {count(pairs)} pairs differently."


def length_sentence(effect: LengthEffect) -> str:
    """What length does to the implicit reward."""
    inside = (effect.spearman_chosen, effect.spearman_rejected)
    falling = sum(value is not None and value < -max(0.2, effect.told) for value in inside)
    meaning = (
        "no sign that the sum penalises length here",
        "in one of the two classes the sum falls with length",
        "the sum falls with length, as it does where most log-ratios are negative",
    )[falling]
    chosen, rejected = (decimals(value) for value in inside)
    return (
        f"Inside a class the implicit reward and the length of the response correlate at {chosen} (preferred) and "
        f"{rejected} (others): {meaning}."
    )


def graded_sentence(graded: Graded) -> str:
    """How alike the first two scorers order the labels."""
    if not graded.agreements:
        return f"How often {graded.labels[0]} beats each other response, on {count(graded.prompts)} prompts."
    both = graded.agreements[0]
    return (
        f"Scorers {both.first} and {both.second} order all {len(graded.labels)} responses identically on "
        f"{percent(both.identical.value)} of {count(graded.prompts)} prompts (mean Kendall {decimals(both.kendall)})."
    )


def disagreements_sentence(report: CompareReport, shown: int) -> str:
    """How many pairs the two order differently, and how many of them follow."""
    figures = [split.agreement for split in report.splits]
    different = sum(part.pairs - round(part.same_order * part.pairs) for part in figures if part.same_order is not None)
    if not different and not report.disagreements:
        return "None: on every pair the two rewards put the same response first."
    start = f"The two rewards do not put the same response first on {counted(different, 'pair')}"
    if not shown:
        return f"{start}; their texts were not kept."
    return f"{start}, of which {shown} follow. Read them before trusting either: it may be the label that is wrong."


def account_sentence(report: CompareReport) -> str:
    """Whether anything was lost on the way from the file to the model."""
    if not report.account:
        bad = report.facts.bad_rows
        said = f"{counted(bad, 'malformed row')} left out" if bad else "No row was malformed"
        return f"{said}; nothing was trained here."
    names = ("truncated", "dropped", "identical")
    truncated, dropped, identical = (sum(getattr(row, name) for row in report.account) for name in names)
    if not (truncated or dropped or identical or report.facts.bad_rows):
        return "No row was malformed, no pair truncated or dropped."
    pairs = f"{counted(truncated, 'pair')} truncated, {count(dropped)} dropped as too long"
    return (
        f"{counted(report.facts.bad_rows, 'malformed row')} left out, {pairs}, {count(identical)} identical once cut."
    )
