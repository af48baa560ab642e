import re
from dataclasses import replace

from rmexp.encoding.account import Account
from rmexp.reports.run import PolicySample, RunReport, run_report
from rmexp.runs.environment import Environment
from rmexp.runs.folder import FailureLeft
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.runs.summaries.train import LastValidation, ModelMade, TrainSummary

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
ROWS = [
    {"step": "1", "epoch": "0.5", "train/loss": "0.7", "train/accuracy": "0.5", "val/loss": "", "val/accuracy": ""},
    {"step": "2", "epoch": "1", "train/loss": "0.5", "train/accuracy": "1", "val/loss": "0.6", "val/accuracy": "0.75"},
]


def page(summary=SUMMARY, rows=ROWS, failure=None):
    changed = [("optimizer.lr", 0.1, HOSTILE)]
    environment = Environment(("rmexp", "train", HOSTILE), "then", packages={"torch": "2"})
    return run_report(RunReport("folder", summary, rows, changed, HOSTILE, environment, failure))


def test_curves_figures_account_and_settings_are_there():
    html = page()
    assert html.count("<svg") == 2
    for text in ("75.0 %", "60.0 %", "left out: 2", "<th>optimizer.lr</th>", "ended not yet"):
        assert text in html


def test_the_page_is_self_contained_and_hostile_text_is_text():
    html = page()
    assert html == page()
    assert len(html) < 300_000
    assert not re.search(r"<script|https?://(?!www\.w3\.org)|src=|\u202e|<image", html)


def test_responses_of_a_policy():
    sample = PolicySample(3, "p", HOSTILE, None, 0.5, 1.25, 7)
    html = run_report(RunReport("folder", None, [], [], "", Environment(start="then"), None, [sample]))
    for text in ("samples.jsonl has all", "&lt;script&gt;", "<td>1.25</td>"):
        assert text in html
    assert "samples.jsonl" not in page()
    assert "<script" not in html


def test_a_run_that_has_only_begun_or_failed():
    html = page(None, [], FailureLeft(f"ValueError: {HOSTILE}"))
    for text in ("It failed: ValueError", "not finished", "Nothing was logged yet", "has not finished"):
        assert text in html
    assert "<script" not in html


def test_a_stage_without_scored_pairs_shows_its_validation():
    assert "<th>val</th><td>75.0 %</td>" in page(replace(SUMMARY, evaluation=()))
