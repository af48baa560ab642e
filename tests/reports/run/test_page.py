import re
from dataclasses import replace

import numpy as np

from rmexp.encoding.account import Account
from rmexp.reports.made import Made
from rmexp.reports.run.content import PolicySample, RunReport, SamplePair, ScoredSet
from rmexp.reports.run.page import run_report
from rmexp.runs.environment import Environment
from rmexp.runs.failure import FailureLeft
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.runs.summaries.train import KeptWeights, LastValidation, ModelMade, TrainSummary, ValidatedAt

HOSTILE = "<script>alert(1)</script>\u202e"
EVALUATION = HeldOutRow(
    "explicit", HOSTILE, "val", None, 4, accuracy=0.75, accuracy_low=0.5, accuracy_high=0.9, nll=0.5, usable_bits=0.3,
    longer_accuracy=0.6, truncated=1, identical=0
)  # fmt: skip
SUMMARY = TrainSummary(
    "reward", ModelMade("model", "abc", 1000), steps=2, epochs=1.0, seconds=3.0, peak_memory_mb=500.0, train_pairs=3,
    train_pairs_per_second=10.0, bad_rows=2, account={"train": Account(4, 3, 1, 1, 0, 99)}, evaluation=(EVALUATION,),
    val=LastValidation(4, 0.5, 0.75, accuracy_low=0.5, accuracy_high=0.9)
)  # fmt: skip
MADE = Made("folder", Environment(start="then"), "")
ROWS = [
    {"step": "1", "epoch": "0.5", "train/loss": "0.7", "train/accuracy": "0.5", "val/loss": "", "val/accuracy": ""},
    {"step": "2", "epoch": "1", "train/loss": "0.5", "train/accuracy": "1", "val/loss": "0.6", "val/accuracy": "0.75"},
]


def page(summary=SUMMARY, rows=ROWS, failure=None):
    changed = [("optimizer.lr", "0.1", HOSTILE)]
    environment = Environment(("rmexp", "train", HOSTILE), "then", packages={"torch": "2"})
    made = Made("folder", environment, HOSTILE)
    return run_report(RunReport(made, "d", HOSTILE, summary, rows, changed, failure))


def test_curves_figures_account_and_settings_are_there():
    html = page()
    assert html.count("<svg") == 2
    for text in ("75.0 %", "60.0 %", "left out: 2", '<th scope="row">optimizer.lr</th>', "ended not yet"):
        assert text in html


def test_the_page_is_self_contained_and_hostile_text_is_text():
    html = page()
    assert html == page()
    assert len(html) < 300_000
    assert not re.search(r"<script|https?://(?!www\.w3\.org)|src=|\u202e|<image", html)


def test_responses_of_a_policy():
    sample = PolicySample(3, "p", HOSTILE, None, 0.5, 1.25, 7)
    html = run_report(RunReport(MADE, "d", "m", None, [], [], None, [sample]))
    for text in ("samples.jsonl has all", "&lt;script&gt;", "<td>1.25</td>"):
        assert text in html
    assert "samples.jsonl" not in page()
    assert "<script" not in html


def test_a_run_that_has_only_begun_or_failed():
    html = page(None, [], FailureLeft(f"ValueError: {HOSTILE}", "", "at noon"))
    for text in (
        "Started then, failed at noon.",
        "It failed before its first step: ValueError",
        "Nothing was logged.",
        "It failed; pairs that",
    ):
        assert text in html
    assert "<script" not in html
    assert "not finished" not in html
    begun = page(None, [])
    assert "It has not finished; pairs that" in begun
    assert "Nothing was logged yet." in begun
    for unfinished in (html, begun):
        assert not re.search(r"</h2>\s*</section>", unfinished), "a heading of nothing"
        assert 'id="data"' not in unfinished
        assert "#data" not in unfinished


def test_a_stage_without_scored_pairs_shows_its_validation():
    assert '<th scope="row">val</th><td>75.0 %</td>' in page(replace(SUMMARY, evaluation=()))


def scored(worst=()):
    margin, target = np.linspace(-3, 3, 40), np.ones(40)
    rewards = np.stack([margin, np.zeros(40)], axis=1)
    return ScoredSet(EVALUATION, margin, target, rewards, worst)


def test_held_out_pairs_have_their_plots_and_the_worst_of_them_their_texts():
    pair = SamplePair("worst", "d", "val", "p7", HOSTILE, "the chosen one", "the other", -1.25, 0.5, -1.75)
    html = run_report(RunReport(MADE, "d", "m", SUMMARY, ROWS, [], None, (), scored([pair])))
    assert html.count("<svg") == 4
    for text in ("Margin \N{MINUS SIGN}1.75, pair p7", "reward \N{MINUS SIGN}1.25", "the chosen one", "the other"):
        assert text in html
    assert "<script" not in html


def test_scores_that_are_all_the_same_have_no_histogram():
    equal = scored()._replace(rewards=np.ones((40, 2)), margin=np.zeros(40))
    html = run_report(RunReport(MADE, "d", "m", SUMMARY, ROWS, [], None, (), equal))
    assert html.count("<svg") == 3


def test_the_seconds_of_each_phase():
    html = page(replace(SUMMARY, phases={"imports": 4.1, "training": 120.0}))
    assert re.search(r">imports</th><th scope=.col.>training</th>.*<td>4.1</td><td>120</td>", html, re.DOTALL)


def test_the_kept_step_is_marked():
    kept = KeptWeights(1, 2, "val/loss", 2, stopped=False, selected=True, last=ValidatedAt(2, 0.6, 0.75))
    assert page(replace(SUMMARY, kept=kept)).count("kept: step 1<") == 2  # in the legend of either plot
    assert page().count("lowest: step 2<") == 2
