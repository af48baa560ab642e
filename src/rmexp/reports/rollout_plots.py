"""The curves of a policy that learns from its own samples: what they earn, and how far it has moved."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup
from matplotlib.ticker import MaxNLocator

from rmexp.comparison.policies import PolicyResult
from rmexp.reports.drawing.curves import Row, curve
from rmexp.reports.drawing.panel import Panel
from rmexp.reports.drawing.svg import BLUE, GREEN, GREY, ORANGE, draw

Rows = Sequence[Row]
_SIZE = {"width": 3.6, "height": 2.7}
JUDGES = {"gold": ("D", GREEN), "explicit": ("o", BLUE), "implicit": ("s", ORANGE)}


def rollout_panels(rows: Rows) -> list[Panel]:
    """What people watch of each iteration; none for a run that does not sample."""
    if not len(curve(rows, "rollout/reward").x):
        return []
    reward = (("rollout/reward", "by the scorer", BLUE), ("rollout/gold", "true", GREEN))
    shares = (("rollout/ended", "ended", BLUE), ("update/clip_fraction", "clipped", ORANGE))
    captions = (
        "Mean reward of the responses of each iteration, in the scorer's own units.",
        "KL divergence from the reference, estimated on the responses of each iteration.",
        "Tokens of a response, its end among them.",
        "Entropy of a token, estimated by the responses' own.",
        "Responses that the policy ended itself, and tokens that the clip kept from learning.",
        "Share of the variance of returns that the value model foresaw; 0 is as good as their mean.",
    )
    drawn = (
        _plot(rows, "reward", "reward", reward),
        _plot(rows, "KL from the reference", "nats a response", (("rollout/kl", "", ORANGE),)),
        _plot(rows, "length", "tokens a response", (("rollout/tokens", "", BLUE),)),
        _plot(rows, "entropy", "nats a token", (("rollout/entropy", "", BLUE),)),
        _plot(rows, "ended and clipped", "share", shares),
        _plot(rows, "explained variance", "share", (("update/explained_variance", "", BLUE),)),
    )
    panels = [Panel(Markup(svg), caption) for svg, caption in zip(drawn, captions, strict=True)]
    return panels if len(curve(rows, "update/explained_variance").x) else panels[:-1]


def _plot(rows: Rows, title: str, label: str, columns: Sequence[tuple[str, str, str]]) -> str:
    lines = [(curve(rows, column), name, colour) for column, name, colour in columns]

    def paint(axes: Any) -> None:
        for line, name, colour in lines:
            axes.plot(line.x, line.values, color=colour, linewidth=1.3, label=name)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        if sum(len(line.x) > 0 for line, _, _ in lines) > 1:
            axes.legend(loc="best")
        axes.set(title=title, xlabel="iteration", ylabel=label)

    return draw(paint, f"{title} per iteration", **_SIZE)


def policies_plot(policies: Sequence[PolicyResult]) -> str:
    """Gain of each policy by each judge, against the root of its divergence from the first."""

    def paint(axes: Any) -> None:
        axes.axhline(0, color=GREY, linewidth=1)
        for judge, (marker, colour) in JUDGES.items():
            points = [(max(row.kl, 0) ** 0.5, row.verdicts[judge].gain) for row in policies if judge in row.verdicts]
            if points:
                axes.plot(*zip(*points, strict=True), marker, color=colour, markersize=5, label=judge)
        for row in policies:
            top = max(verdict.gain for verdict in row.verdicts.values())
            axes.annotate(row.name, (max(row.kl, 0) ** 0.5, top), (0, 6), textcoords="offset points", ha="center")
        axes.margins(0.15)
        axes.set(title="policies", xlabel="root of the KL from the first policy", ylabel="gain in its deviations")
        axes.figure.legend(loc="outside lower center", ncols=3)

    return draw(paint, "Gain of each policy by each judge against its divergence")
