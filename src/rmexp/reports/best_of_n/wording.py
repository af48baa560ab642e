"""The sentences of the page of `rmexp best-of-n`."""

from collections.abc import Iterator

from rmexp.reports.drawing.numbers import MINUS, counted, number
from rmexp.reports.seen import pool_sentences
from rmexp.runs.summaries.best_of_n import CandidatePool
from rmexp.selection.best_of_n import Curve, Point
from rmexp.selection.gain_fit import Fit


def conclusions(curve: Curve, about: CandidatePool) -> Iterator[str]:
    """What a reader should take away."""
    yield from pool_sentences(about, curve)
    if not curve.points:
        yield templates_sentence(about)
        return
    last = curve.points[-1]
    if last.gold is None:
        yield (
            f"The best of {last.n} scores {number(last.proxy)}, a random candidate {number(last.random)}. Nobody knows "
            "the true reward here: a score that rises with n says that the scorer picks, not that it picks well."
        )
    else:
        yield _gain(last)
        yield from _turn(curve, last)
        if curve.fit is not None:
            yield fit_sentence(curve.fit, last.n)
    yield from _lost(about, last.n)
    yield templates_sentence(about)


def gold_caption(curve: Curve) -> str:
    """Of the figure with the true reward."""
    return f"Mean over {counted(curve.prompts, 'prompt')}; the band is the 95 % interval over prompts."


def fit_sentence(fit: Fit, largest: int) -> str:
    """What the fitted curve says of its peak."""
    text = f"Fitted by d (a {MINUS} b d), d being the root of the KL: a = {number(fit.a)}, b = {number(fit.b)}"
    if fit.b_low is not None:
        text += f" [{number(fit.b_low)}, {number(fit.b_high)}]"
    text += f", root mean square error {number(fit.residual)}. "
    if fit.a_high is not None and fit.a_high < 0:
        return f"{text}It falls from the start."
    if fit.b_low is None or fit.b_low <= 0:
        return f"{text}That it bends down is not told from chance."
    if fit.peak_kl is None:
        return f"{text}It turns down so soon that where is not told."
    where = "beyond n = 10⁹" if fit.peak_n is None else f"near n = {fit.peak_n:,}"
    if fit.measured:
        return f"{text}It peaks {where}, {number(fit.peak_gain)} above a random candidate."
    return f"{text}It would peak {where}, far from the n up to {largest:,} that were measured: an extrapolation."


def pools_sentence(smallest: int, largest: int) -> str:
    """Why the curve of unequal pools ends before the largest of them.

    Args:
        smallest: n at which the curve ends.
        largest: candidates of one prompt.
    """
    return (
        f"Prompts have up to {counted(largest, 'candidate')}; the curve ends at n = {smallest}, which the smallest "
        "pool still has."
    )


def templates_sentence(about: CandidatePool) -> str:
    """Whose template renders prompts for whom."""
    scorer, policy = about.scorer_chat_template, about.policy
    reads = "the scorer reads no template" if scorer is None else f"the scorer reads prompts by its own ({scorer})"
    if policy is None:
        return f"The candidates come from a file; {reads}."
    writes = policy["chat_template"]
    by = "without a template" if writes is None else f"by its own template ({writes})"
    same = "; they are the same" if scorer is not None and scorer == writes else ""
    return f"The policy is given prompts {by}, {reads}{same}."


def _gain(last: Point) -> str:
    assert last.gain is not None
    assert last.oracle is not None
    if last.gain_high is not None and last.gain_high < 0:
        lost = f"{number(-last.gain)} [{number(-last.gain_high)}, {number(-(last.gain_low or 0.0))}]"
        return f"Picking the best of {last.n} loses {lost} of true reward: a random one is better."
    bounds = "" if last.gain_low is None else f" [{number(last.gain_low)}, {number(last.gain_high)}]"
    possible = last.oracle - last.random
    part = f"{100 * last.gain / possible:.0f}".replace("-", MINUS) if possible > 0 else ""
    share = f", {part} % of the {number(possible)} that were there" if part else ""
    if last.gain_low is None:
        doubt = " A single prompt says nothing of others."
    else:
        doubt = "" if last.gain_low > 0 else " The interval does not exclude that picking gains nothing."
    return f"Picking the best of {last.n} gains {number(last.gain)}{bounds} of true reward{share}.{doubt}"


def _turn(curve: Curve, last: Point) -> Iterator[str]:
    fall = curve.fall
    if fall is None:
        return
    best = next(point for point in curve.points if point.n == fall.n)
    said = f"True reward is highest at n = {best.n} ({number(best.gold)}) and {number(last.gold)} at n = {last.n}"
    if fall.low is not None and fall.low > 0:
        yield f"{said}, while the score goes on rising: more candidates find more of what the scorer gets wrong."
    else:
        yield f"{said}: a fall that these prompts do not tell from chance."


def _lost(about: CandidatePool, n: int) -> Iterator[str]:
    if about.largest_pool is not None and about.largest_pool > n:
        yield pools_sentence(n, about.largest_pool)
    if about.empty:
        text = f"{counted(about.empty, 'sampled response')} held nothing; others were drawn in their place"
        text += "" if about.wanted_n in (None, n) else f", and the curve ends at the smallest pool, n = {n}"
        without = about.prompts_without
        yield f"{text}; {counted(without, 'prompt')} got none." if without else f"{text}."
    if about.cut and about.policy is not None:
        yield (
            f"{about.cut:,} of {about.candidates:,} responses were cut off by the limit of "
            f"{about.policy['max_new_tokens']} tokens."
        )
