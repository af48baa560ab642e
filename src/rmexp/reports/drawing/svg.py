"""Drawing to inline SVG: equal content gives equal bytes, no global state, legible without colour."""

import html
import io
import re
import warnings
from collections.abc import Callable
from typing import Any

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from rmexp.reports.drawing.visible import visible

BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#007f5f", "#767676"  # apart for every kind of colour vision

_STYLE = {
    "svg.fonttype": "none",  # text stays text: smaller, can be selected and read aloud
    "text.parse_math": False,  # names come from data: a dollar sign is a dollar sign
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "figure.facecolor": "none",  # the page's
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.formatter.useoffset": False,  # a tick says its value, not its distance from one
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "hatch.linewidth": 0.6,
}
# what a page may draw in other colours, such as on dark ground; _style.css says in which
_NAMED = {
    BLUE: "blue",
    ORANGE: "orange",
    GREEN: "green",
    GREY: "grey",
    "#000000": "ink",
    "#333333": "ink",
    "#555555": "edge",
    "#e4e4e4": "grid",
    "#f5c6a5": "pale",
    "#ffffff": "paper",
}
_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def draw(paint: Callable[[Any], None], title: str, *, width: float = 4.6, height: float = 3.1) -> str:
    """What `paint` puts on a pair of axes, as an `<svg>` element that scales with its container.

    Args:
        paint: draws on the axes it is given.
        title: name of the figure for those who hear it, another one for each figure of a page.
        width: in inches.
        height: in inches.
    """
    name = visible(title)
    buffer = io.StringIO()
    # the salt makes the ids of two figures on one page differ, and those of one figure the same every time
    with matplotlib.rc_context({**_defaults(), **_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(width, height), layout="constrained")
        with warnings.catch_warnings():
            # names in other scripts: the reader's browser has the letters that matplotlib's own font lacks
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            paint(figure.subplots())
            # `savefig` would draw it once more, for nothing but its layout
            FigureCanvasSVG(figure).print_svg(buffer, metadata=_NO_METADATA)
    return _inline(buffer.getvalue(), html.escape(name, quote=True))


def _defaults() -> dict[str, Any]:
    # a matplotlibrc on one machine must not change the page
    return {key: value for key, value in matplotlib.rcParamsDefault.items() if not key.startswith("backend")}


def _inline(document: str, name: str) -> str:
    view = re.search(r'viewBox="[^"]*"', document)
    if view is None:
        raise AssertionError("matplotlib wrote an SVG without a viewBox")
    body = document[document.index(">", view.end()) + 1 :]
    for pattern, replacement in _SMALLER:
        body = re.sub(pattern, replacement, body)
    body = _COLOUR.sub(_named, _USES.sub(_shared_style, body))
    return f'<svg role="img" aria-label="{name}" {view.group()}><title>{name}</title>{body}'


_USES = re.compile(r'<use ([^>]*) style="([^"]*)"/>\n(?:<use [^>]* style="\2"/>\n)+')
_COLOUR = re.compile(r"(fill|stroke): (#[0-9a-f]{6})(?=[;\"])")
_SMALLER: tuple[tuple[str, Any], ...] = (
    (r"(?s)<metadata>.*?</metadata>", ""),
    (r"(?s)<defs>\s*<style.*?</style>\s*</defs>", ""),  # would hold for the whole page; _style.css says it for figures
    (r'<g id="[^"]*"', "<g"),  # numbered per figure, so twice on one page
    (r"font-family: [^;\"]*;? ?", ""),  # the page's
    (r' transform="rotate\(-0 [^"]*\)"', ""),
    (r"xlink:href", "href"),
    (r' (d|x|y)="[^"]*"', lambda found: re.sub(r"-?\d+\.\d+", _rounded, found[0])),
    (r"\s*\n\s*", "\n"),
)


def _named(colour: re.Match[str]) -> str:
    name = _NAMED.get(colour[2])
    return colour[0] if name is None else f"{colour[1]}: var(--{name},{colour[2]})"


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number.group()):.1f}".removesuffix(".0")


def _shared_style(uses: re.Match[str]) -> str:
    style = f' style="{uses[2]}"'
    return f"<g{style}>\n{uses[0].replace(style, '')}</g>\n"
