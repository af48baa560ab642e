"""Ticks of axes: what stands beside one is its value, not a rounded one."""

from typing import Any

from matplotlib.ticker import FuncFormatter


def in_percent(axis: Any) -> None:
    """Label an axis of shares in per cent, with as many digits as its ticks have.

    Args:
        axis: of a plot, such as `axes.yaxis`.
    """
    axis.set_major_formatter(FuncFormatter(lambda value, _: share_tick(value)))


def share_tick(share: float) -> str:
    """A tick at a share.

    >>> share_tick(0.5), share_tick(0.985), share_tick(1 - 0.9)
    ('50 %', '98.5 %', '10 %')
    """
    return f"{round(100 * share, 6):g} %"
