"""Numbers as text for tables and sentences; a dash where a figure is undefined."""

MISSING, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"


def percent(share: float | None) -> str:
    """A share in percent with one decimal.

    >>> percent(0.9875), percent(-0.0001), percent(None)
    ('98.8 %', '0.0 %', '–')
    """
    return MISSING if share is None else f"{round(100 * share, 1) + 0.0:.1f} %".replace("-", MINUS)


def number(value: float | None) -> str:
    """Three significant digits, more only before the point.

    >>> number(-16.73), number(0.00667), number(1234.5), number(0.0)
    ('−16.7', '0.00667', '1,234', '0')
    """
    if value is None:
        return MISSING
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return text.replace("-", MINUS)


def decimals(value: float | None) -> str:
    """Two decimals, for correlations.

    >>> decimals(0.754), decimals(-0.3)
    ('0.75', '−0.30')
    """
    return MISSING if value is None else f"{round(value, 2) + 0.0:.2f}".replace("-", MINUS)


def count(value: int | None) -> str:
    """A count with thousands apart.

    >>> count(12792)
    '12,792'
    """
    return MISSING if value is None else f"{value:,}"


def taken(method: str) -> str:
    """What an interval takes as independent, without how it is made, which is said once a page and in docs/judge.md.

    >>> taken("95 % by prompt: Student's t")
    '95 % by prompt'
    """
    return method.partition(": ")[0]


def counted(value: int, noun: str) -> str:
    """A count with its noun, which takes an s unless there is one.

    >>> counted(1, "pair"), counted(1200, "pair")
    ('1 pair', '1,200 pairs')
    """
    return f"{value:,} {noun}{'' if value == 1 else 's'}"


def p_value(value: float) -> str:
    """A p-value as `= 0.063` or `< 0.001`.

    >>> p_value(0.0625), p_value(1e-9)
    ('= 0.062', '< 0.001')
    """
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def duration(seconds: float | None) -> str:
    """Seconds, from two minutes on minutes, from two hours on hours.

    >>> duration(4.91), duration(600.0), duration(7260.0)
    ('4.9 s', '10.0 min', '2.0 h')
    """
    if seconds is None:
        return MISSING
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
