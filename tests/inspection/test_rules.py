"""The thresholds behind every verdict are told, and the page of the documentation has them."""

import re
from pathlib import Path

from rmexp.inspection.check import FAIL, PASS, Check
from rmexp.inspection.rewrites import EMPTY, SAME
from rmexp.inspection.rules import RULES, with_rules

NAMES = {  # that stand in one row
    ", ".join(EMPTY): [*EMPTY],
    f"{', '.join(SAME)}; the worst composition of them": [*SAME, "worst composition"],
}
USE = (Path(__file__).parents[2] / "docs" / "use.md").read_text(encoding="utf-8")


def test_the_documentation_has_every_check_with_its_rule():
    table = USE.partition("| check | what is looked at | verdict |\n|---|---|---|\n")[2]
    rows = dict(re.findall(r"^\| (.+?) \| .+ \| (.+) \|$", table, re.MULTILINE))
    told = {name: rule for names, rule in rows.items() for name in NAMES.get(names, [names])}
    assert told == RULES


def test_a_check_gets_its_rule():
    made = [Check("prompt only", PASS, "Says."), Check("boilerplate appended", FAIL, "Says.")]
    assert [check.rule for check in with_rules(made)] == [RULES[check.name] for check in made]
