"""Ticks of axes: what stands beside one is its value, not a rounded one."""

from typing import Any

from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter


def in_percent(axis: Any) -> None:
    """Label an axis of shares in per cent, with as many digits as its ticks have.

    Args:
        axis: of a plot, such as `axes.yaxis`.
    """
    axis.set_major_formatter(FuncFormatter(lambda value, _: share_tick(value)))


def on_log_scale(axis: Any, low: float, high: float) -> None:
    """Label an axis that has a logarithmic scale so that at least two values can be read off.

    Args:
        axis: of a plot, such as `axes.yaxis`.
        low: least value drawn, above 0.
        high: the greatest.
    """
    if high / low < 7:  # fewer than two of 1, 2, 5, 10, ... may lie in between
        axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    elif high / low < 100:  # fewer than two powers of ten
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
    axis.set_minor_formatter(NullFormatter())


def share_tick(share: float) -> str:
    """A tick at a share.

    >>> share_tick(0.5), share_tick(0.985), share_tick(1 - 0.9)
    ('50 %', '98.5 %', '10 %')
    """
    return f"{round(100 * share, 6):g} %"
