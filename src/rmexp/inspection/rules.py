"""When a check warns or fails: the thresholds behind its verdict, in words."""

from collections.abc import Iterable
from dataclasses import replace

from rmexp.inspection.check import Check
from rmexp.inspection.controls import DOMINANT, DROP, MOVED, OWN_SCORE, STRONG
from rmexp.inspection.invariance import COARSE_TOLERANCE, TOLERANCE
from rmexp.inspection.learning import FITTED, SURE
from rmexp.inspection.probes import FLIPPED, NOTICEABLE
from rmexp.inspection.rewrites import EMPTY, SAME


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


_ROUNDING = (
    f"fails beyond {_percent(TOLERANCE)} of the scores' standard deviation, {_percent(COARSE_TOLERANCE)} in 16 bits"
)
_RISES, _FLIPS = f"over {NOTICEABLE:g} with an interval above 0", f"flips with an interval above {_percent(FLIPPED)}"
_SAME = f"warns {_RISES}, or at {_FLIPS}"

RULES = {
    "labels": "fails with an interval below 50 %, warns where it holds 50 %",
    "distribution": f"fails where all are equal, warns where under {_percent(OWN_SCORE)} have a score of their own",
    "drift with length": f"warns from {STRONG:g} on, and from -{STRONG:g} down",
    "swapped sides": _ROUNDING,
    "batch size, order, padding": _ROUNDING,
    "response only": f"warns where at most {100 * DROP:g} points are lost and margins move by under {_percent(MOVED)}",
    "prompt only": f"warns from {_percent(DOMINANT)} on",
    "truncated responses": "warns unless the interval is above 50 %",
    "overfits one batch": f"fails from {FITTED:g} on",
    "shuffled labels": f"fails where the {_percent(SURE)} interval does not hold 50 %",
    **dict.fromkeys(EMPTY, f"fails {_RISES}, warns at {_FLIPS}"),
    **dict.fromkeys(SAME, _SAME),
    "worst composition": _SAME,
}


def with_rules(checks: Iterable[Check]) -> list[Check]:
    """The checks, each with the rule behind its verdict."""
    return [replace(check, rule=RULES[check.name]) for check in checks]
