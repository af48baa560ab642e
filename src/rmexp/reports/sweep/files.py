"""The files beside the page of several runs: what stands in its tables, for other programs and for a README."""

import csv
import io
from collections.abc import Sequence

from rmexp.reports.drawing import numbers
from rmexp.reports.drawing.visible import visible
from rmexp.runs.groups import Group
from rmexp.runs.leaderboard import Standing
from rmexp.runs.named_settings import in_words
from rmexp.runs.policy_standings import PolicyStanding
from rmexp.runs.rows import Row


def accuracy_of(group: Group) -> str:
    """An accuracy, with the remark beside it where the pairs were trained on."""
    return " ".join(filter(None, (numbers.percent(group.accuracy), group.learnt and f"({group.learnt})")))


def leaderboard_csv(standings: Sequence[Standing]) -> str:
    """Every line with its figures, settings in columns of their own."""
    rows = [_row(line) for line in standings]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def policies_csv(policies: Sequence[PolicyStanding]) -> str:
    """Every line with its figures, settings in columns of their own."""
    text = io.StringIO()
    figures = ("gain", "low", "high", "gold", "kl", "seconds")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["measure", "rank", *policies[0].settings, *figures, "runs", "folders"])
    for line in policies:
        values = (getattr(line, name) for name in figures)
        writer.writerow(
            [line.measure, line.rank, *line.settings.values(), *values, len(line.folders), " ".join(line.folders)]
        )
    return text.getvalue()


def _row(line: Standing) -> Row:
    group = line.group
    return {
        **{"data": group.data, "split": group.split, "selected_on": group.selected_on, "of_policy": group.of_policy},
        **({"apart": group.apart} if group.apart else {}),
        "rank": line.rank,
        **{"data_option" if key == "data" else key: value for key, value in group.settings.items()},
        **{"accuracy": group.accuracy, "low": group.low, "high": group.high, "method": group.method, "few": group.few},
        **{"trained_on": group.trained_on, "nll": group.nll},
        **{"longer": group.longer, "ceiling": group.ceiling, "runs": len(group.accuracies), "pairs": group.n},
        **{"lead": line.lead, "lead_low": line.lead_low, "lead_high": line.lead_high, "p": line.p},
        **{"seconds": round(group.seconds, 2), "folders": " ".join(group.folders)},
    }


def leaderboard_markdown(standings: Sequence[Standing]) -> str:
    """A table for a README."""
    lines = [
        "| data | rank | settings | accuracy | 95 % | nll | runs | p to the next |",
        "|---|--:|---|--:|---|--:|--:|--:|",
    ]
    for line in standings:
        group = line.group
        bounds = "" if group.low is None else f"[{numbers.percent(group.low)}, {numbers.percent(group.high)}]"
        cells = (
            *(group.place, line.rank, in_words(group.settings), accuracy_of(group), bounds),
            *(numbers.number(group.nll), len(group.accuracies), "" if line.p is None else numbers.p_value(line.p)),
        )
        lines.append(
            "| " + " | ".join(visible(str(cell)).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
        )
    return "\n".join(lines) + "\n"
