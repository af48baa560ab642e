from rmexp.comparison.policies import PolicyResult, Verdict
from rmexp.reports.rollout_plots import policies_plot, rollout_panels

COLUMNS = ("step", "rollout/reward", "rollout/gold", "rollout/kl", "rollout/tokens")
ROWS = [dict(zip(COLUMNS, (str(step), f"{step / 10}", "", str(step), "9"), strict=True)) for step in range(1, 6)]


def test_a_run_that_does_not_sample_has_none():
    assert rollout_panels([{"step": "1", "train/loss": "0.5"}]) == []
    assert rollout_panels([]) == []


TITLES = ("reward", "KL", "length", "entropy", "ended and clipped")


def test_what_people_watch():
    panels = rollout_panels(ROWS)
    assert [title in panel.svg for panel, title in zip(panels, TITLES, strict=True)] == [True] * 5
    assert "true" not in panels[0].svg  # nobody knows it
    assert rollout_panels(ROWS) == panels  # byte by byte
    more = rollout_panels([row | {"rollout/gold": "0.1", "update/explained_variance": "0.5"} for row in ROWS])
    assert "true" in more[0].svg
    assert "explained variance" in more[-1].svg


def test_policies_with_and_without_gold():
    verdicts = {"gold": Verdict(1.0, 0.5, 0.6, 0.5, 0.7), "explicit": Verdict(2.0, 1.5, 0.9, 0.8, 1.0)}
    rows = [
        PolicyResult("sft", 8, 0, 1, 0, 0.0, 9.0, 1.0, verdicts),
        PolicyResult("ppo", 8, 2, 0, 0, -0.01, 9.0, None, verdicts),
    ]
    drawn = policies_plot(rows)
    assert all(name in drawn for name in ("sft", "ppo", "gold", "explicit"))
    assert "implicit" not in drawn
