import re

from rmexp.reports.made import Made
from rmexp.reports.sweep.linked import STYLES, How, LinkedRun, curve_panels, told_how
from rmexp.runs.environment import Environment

ROWS = [{"step": str(step), "train/loss": str(1 / step), "val/loss": ""} for step in range(1, 300)]


def run(lr, seed=0, rows=ROWS):
    made = Made(f"f{lr}{seed}", Environment(("rmexp", "train", "-m")), "")
    return LinkedRun(f"f{lr}{seed}", f"lr={lr}", f"{lr}/report.html", {"lr": lr, "seed": seed}, made, rows)


def test_curves_of_the_runs_lie_on_one_pair_of_axes_those_of_a_setting_once_in_the_legend():
    (panel,) = curve_panels([run(lr, seed) for lr in (0.1, 0.2) for seed in (0, 1)], ["f0.10"])
    assert panel.caption == "Training loss of each run. Runs alike but for the seed look alike."
    for name in ("lr=0.1", "lr=0.2"):
        assert panel.svg.count(f">{name}<") == 1
    assert len(panel.svg) < 30_000  # thinned


def test_where_there_are_too_many_to_name_the_best_stands_out():
    (panel,) = curve_panels([run(lr) for lr in range(len(STYLES) + 1)], ["f30"])
    assert panel.svg.count(">best: lr=3<") == 1
    assert panel.svg.count(">the others<") == 1


def test_one_curve_is_no_overlay():
    assert [*curve_panels([run(0.1), run(0.2, rows=[])], [])] == []


def test_a_command_is_told_once_for_all_its_runs():
    assert told_how([run(0.1), run(0.2)]) == [How(2, "rmexp train -m", "")]


def test_there_is_no_tick_between_two_steps():
    rows = [{"step": "4", "train/loss": "", "val/loss": "0.5"}]
    (panel,) = curve_panels([run(0.1, rows=rows), run(0.2, rows=rows)], [])
    assert ">4<" in panel.svg
    assert not re.findall(r">[34]\.\d+<", panel.svg)
