import re
from dataclasses import fields, replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
from markupsafe import escape

from rmexp.comparison.agreement import agreement
from rmexp.evaluation.measures.accuracy import pairwise_accuracy
from rmexp.reports.compare.content import Disagreement, Showcase
from rmexp.reports.compare.page import compare_report
from rmexp.runs.summaries.compare import Reductions, ShowcasePrompt
from rmexp.statistics.shares import SHARE_METHOD

HOSTILE = "<script>alert('x')</script> & $\\frac{ [bold]b[/bold] \x1b[31m\x00\u202e\ud800 {{ 7 * 7 }}\n</pre></svg>"
VOID = {"meta", "br", "link", "img", "hr", "input"}


class Balance(HTMLParser):
    """Tags that are opened and closed in order, and every attribute."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_startendtag(self, tag, attrs):
        self.attributes += attrs

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(full):
    return compare_report(full)


def test_the_page_is_balanced_html_with_language_and_title(page):
    parsed = Balance(page)
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert "<title>Explicit and implicit reward: json_vs_text, tiny, seed 0</title>" in page
    assert "script" not in parsed.seen


def test_intervals_are_called_what_they_are(page):
    assert escape(SHARE_METHOD) in page


def test_nothing_is_requested_from_elsewhere(page):
    attributes = Balance(page).attributes
    references = [value for name, value in attributes if name in ("href", "src", "xlink:href", "srcset", "action")]
    assert references
    assert all(reference.startswith("#") for reference in references)
    assert "http://" not in page
    assert "https://" not in page
    assert "@import" not in page


def test_every_reference_has_one_target(page):
    attributes = Balance(page).attributes
    ids = [value for name, value in attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value[1:] for name, value in attributes if name == "href"} <= set(ids)
    assert set(re.findall(r"url\(#(\w+)\)", page)) <= set(ids)


def test_each_figure_is_whole_and_has_a_name_of_its_own(page):
    figures = [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]
    names = [figure.get("aria-label") for figure in figures]
    assert (
        len(figures) == 13
    )  # a stage 2, each of two splits 2, showcase 2, reductions 2, graded 1, shifts 1, progress 1
    assert len(set(names)) == len(names)
    assert all(figure.get("role") == "img" and figure.find("title").text for figure in figures)
    assert page.count("<figcaption>") == len(figures)


def test_equal_content_gives_equal_bytes(full, page):
    assert compare_report(full).encode() == page.encode()


def test_the_numbers_are_on_the_page(full, page):
    low, high = (
        f"{100 * end:.1f} %" for end in (full.splits[0].explicit.accuracy_low, full.splits[0].explicit.accuracy_high)
    )
    assert f"90.0 % [{low}, {high}, few] of 10 pairs as labelled" in page
    assert "same response first on 8 of 10" in page  # each errs on one pair, not on the same one
    assert "β = 0.1 times" in page
    assert "160,512" in page
    assert "nan" not in page.lower()


def test_text_from_data_stays_text(full):
    split = replace(full.splits[0], name=HOSTILE)
    example = ShowcasePrompt(HOSTILE, HOSTILE, HOSTILE, HOSTILE, (1, 2), (1, 2))
    pair = Disagreement(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, 0.0, (1, 2), (2, 1))
    facts = {field.name: HOSTILE for field in fields(full.facts) if isinstance(getattr(full.facts, field.name), str)}
    stage = replace(full.stages[0], name=HOSTILE, folder=HOSTILE)
    page = compare_report(
        replace(
            full,
            facts=replace(full.facts, **facts),
            splits=(split,),
            showcase=Showcase([example], HOSTILE, HOSTILE),
            disagreements=(pair,),
            stages=(stage,),
        )
    )
    parsed = Balance(page)
    assert "script" not in parsed.seen
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; $\\frac{ [bold]b[/bold] ⟨U+001B⟩[31m⟨U+0000⟩" in page
    assert "{{ 7 * 7 }}" in page
    assert not set(page) & {"\x1b", "\x00", "\u202e", "\ud800"}
    page.encode()


def test_a_run_with_nothing_but_accounts_has_a_page(full):
    bare = replace(
        full,
        splits=(),
        stages=(),
        account=(),
        showcase=Showcase(),
        reductions=Reductions(),
        graded=None,
        sets=(),
        progress=(),
        disagreements=(),
    )
    page = compare_report(bare)
    Balance(page)
    assert "<svg" not in page
    assert "No evaluation split." in page
    assert "No row was malformed" in page


MISSING = {"stages": (), "showcase": Showcase(), "reductions": Reductions(), "disagreements": ()}


@pytest.mark.usefixtures("unrendered")
@pytest.mark.parametrize("part", MISSING)
def test_each_part_may_be_missing(full, part):
    without = compare_report(replace(full, **{part: MISSING[part]}))
    Balance(without)
    assert len(without) < len(compare_report(full))


@pytest.mark.usefixtures("unrendered")
def test_one_split_without_lengths_and_a_stage_without_curves(full, make_split):
    split = replace(make_split("test", 1), explicit_length=None, implicit_length=None)
    stage = replace(full.stages[0], rows=(), seconds=None, pairs_per_second=None, peak_memory_mb=None, parameters=None)
    page = compare_report(replace(full, splits=(split,), stages=(stage,), graded=None))
    Balance(page)
    assert "Not measured in this run." in page


@pytest.mark.usefixtures("unrendered")
def test_a_split_of_label_ties_says_so(full, make_split):
    ties = np.full(4, 0.5)
    made = make_split("val", 4)
    page = compare_report(replace(full, splits=(_scored(made, ties),)))
    assert "val: no pair has a preference" in page
    assert "4 pairs labelled as ties are left out" in page


def _scored(split, target):
    both = split.explicit_scores, split.implicit_scores
    accuracies = (pairwise_accuracy(scores, target) for scores in both)
    return replace(
        split,
        paired=None,
        target=target,
        explicit=next(accuracies),
        implicit=next(accuracies),
        agreement=agreement(*both, target),
    )


@pytest.mark.slow
def test_large_runs_stay_small(full, make_split):
    rows = [
        {"step": step, "epoch": step / 2000, "train/loss": 1 / step, "train/accuracy": 0.5} for step in range(1, 20001)
    ]
    stages = tuple(replace(full.stages[0], name=name, rows=rows) for name in ("sft", "reward", "dpo"))
    pairs = tuple(replace(full.disagreements[0], id=str(i), prompt="x" * 9000, chosen="y" * 9000) for i in range(99))
    page = compare_report(replace(full, splits=(make_split("val", 3000),), stages=stages, disagreements=pairs))
    assert len(page.encode()) < 300_000
    assert page.count("8,200 more characters") == 40
    assert "Both figures show 300 pairs" in page
