import re
from dataclasses import replace

import numpy as np
import pytest
from markupsafe import escape

from rmexp.data.leaks.check import find_leaks
from rmexp.preference_data import PreferenceData, SkippedRow
from rmexp.profile.profile import Profile, profile_of
from rmexp.profile.resolution import Resolution, half_widths, resolution
from rmexp.records import Preference
from rmexp.reports.made import Made
from rmexp.reports.profile.page import profile_report
from rmexp.reports.profile.profiles import profiles_report, row_of
from rmexp.reports.profile.wording import baseline_sentence, conclusions, resolution_sentence, warnings
from rmexp.runs.environment import Environment
from rmexp.statistics.shares import SHARE_METHOD
from rmexp.verbs.profile_figures import profile_figures

HOSTILE = "<script>alert(1)</script>\u202e &"


def profile(records, bad_rows=(), **keys):
    data = PreferenceData({"train": tuple(records), "val": tuple(records[:2])}, bad_rows=tuple(bad_rows))
    leaks = find_leaks(data.splits["train"], {"val": data.splits["val"]}, 0.8)
    settings = {"group": None, "max_tokens": 8, "tokenizer": None, "strength": [], "seed": 0} | keys
    return profile_of(data, leaks, **settings)


def longer_wins(share, pairs=40):
    rng = np.random.default_rng(0)
    for i in range(pairs):
        sides = [f"long reply {i} {'x' * (5 + i % 7)}", f"no {i}"]
        yield Preference(f"{HOSTILE} {i}", *(sides if rng.random() < share else sides[::-1]), id=str(i))


@pytest.fixture(scope="module")
def full() -> Profile:
    records = [*longer_wins(0.8), Preference("p", "a", "b"), Preference("p", "b", "a"), Preference("t", "a", "b", 0.5)]
    return profile(records, [SkippedRow("file", 3, "empty", "problem")])


def page(found):
    return profile_report(found, data=HOSTILE, made=Made("runs/x", Environment(), HOSTILE))


def test_the_page_is_self_contained_and_the_same_each_time(full):
    html = page(full)
    assert html == page(full)
    assert len(html) < 300_000
    assert not re.search(r"<script|https?://(?!www\.w3\.org)|src=|\u202e", html)
    assert html.count("<svg") == 4


@pytest.mark.usefixtures("unrendered")
def test_intervals_are_called_what_they_are(full):
    assert escape(SHARE_METHOD) in page(full)


@pytest.mark.usefixtures("unrendered")
def test_every_section_has_something(full):
    html = page(full)
    for text in (
        "Contradictions",
        "Hardest pairs",
        "words, length (learnt)",
        "near-duplicate",
        "Left out while reading: 1 row",
    ):
        assert text.lower() in html.lower()


@pytest.mark.usefixtures("unrendered")
@pytest.mark.parametrize("records", [[Preference("", "a", "b")], [Preference("", "a", "b", target=0.5)]])
def test_a_page_of_next_to_nothing(records):
    assert "Profile of" in page(profile(records))


def test_what_to_beat_is_the_best_baseline_and_the_best_rule(full):
    best = full.best
    assert f"{100 * best.accuracy:.1f} %" in baseline_sentence(full)
    assert "A model must beat this" in baseline_sentence(full)


def test_a_coin_is_no_rule_that_a_model_must_beat(full):
    lucky = [replace(one, accuracy=0.79 if one.name == "random" else one.accuracy) for one in full.baselines]
    assert "coin gets" not in baseline_sentence(replace(full, baselines=tuple(lucky)))


def test_no_baseline_that_a_coin_explains_is_called_one():
    assert "is told from a coin" in baseline_sentence(profile(list(longer_wins(0.5, pairs=30))))
    assert "nothing to learn" in baseline_sentence(profile([Preference("p", "a", "b", target=0.5)]))


def test_the_best_of_many_has_to_be_further_from_a_coin_than_one(full):
    best = full.best
    (alone,) = [baseline for baseline in full.baselines if baseline.name == best.name]
    near = replace(alone, accuracy=0.55, low=0.51, high=0.59)
    one, many = replace(full, baselines=(near,)), replace(full, baselines=(near,) * 9)
    assert "A model must beat this" in baseline_sentence(one)
    assert "is told from a coin by these pairs: the best of 9" in baseline_sentence(many)


def test_bad_rows_at_which_training_would_stop_say_so(full):
    assert "train stops" not in " ".join(warnings(full))
    said = " ".join(warnings(replace(full, train_stops=True)))
    assert "bad_rows.jsonl has them. train stops here: mend it, or data.on_bad_row=skip." in said


@pytest.mark.usefixtures("unrendered")
def test_rules_that_decide_nothing_are_ties_alone(full):
    undecided = profile([Preference(f"p{i}", "same", "size", id=str(i)) for i in range(30)])
    longer = next(one for one in undecided.baselines if one.name == "longer")
    assert (longer.accuracy, longer.low, longer.undecided) == (0.5, None, 1.0)
    assert "<td>50.0 %</td><td>ties alone</td>" in page(undecided)


def test_warnings_are_of_what_there_is(full):
    said = " ".join(warnings(full))
    for text in ("reading: 1 row (1 empty)", "directions: 1 of 3 pairs", "an earlier one: 2 exactly", "Leaks: 2 of 43"):
        assert text in said


def test_the_best_possible_is_told_where_it_is_known():
    known = [Preference(f"p{i}", "a", "b", meta={"true_probability": 0.7}) for i in range(5)]
    assert "more than 70.0 %" in " ".join(conclusions(profile(known)))


@pytest.mark.usefixtures("unrendered")
def test_what_the_records_bring_is_listed_with_its_uses():
    records = [Preference(f"p{i}", "ab", "c", meta={"topic": f"t{i % 3}", HOSTILE: [i]}) for i in range(9)]
    found = profile(records)
    html = page(found)
    assert '<th scope="row">meta.topic</th>' in html
    assert "data.group, slices" in html
    assert "<script" not in html
    assert [field.path for field in found.fields] == ["meta.topic", f"meta.{HOSTILE}"]
    assert 'id="fields"' not in page(profile([Preference("p", "a", "b")]))


def test_dialogues_in_one_text_and_labels_that_follow_the_order_are_warned_of():
    turns = "\n\nHuman: Hi\n\nAssistant:"
    records = [Preference(f"{turns}{i}", "a", f"b{turns}", target=float(i % 4 > 0)) for i in range(80)]
    found = profile(records)
    said = " ".join(warnings(found))
    assert "in one text: 82." in said
    assert "a response has a Human: or Assistant: turn in it: 82." in said
    assert "listed first in 74.4 % [" in said, "61 of 82, val has the first two once more"
    assert found.position.accuracy == pytest.approx(61 / 82)
    always = " ".join(warnings(profile([Preference(f"p{i}", "a", "b") for i in range(30)])))
    assert "listed first" not in always


@pytest.mark.usefixtures("unrendered")
def test_what_a_bin_says_depends_on_what_made_it(full):
    assert "by construction" in page(full)
    strong = [Preference(f"p{i}", "ab", "c", margin=float(i)) for i in range(9)]
    assert "can be won by length alone" in page(profile(strong))


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_how_well_an_accuracy_will_be_known_is_no_matter_of_what_a_rule_gets(share):
    records = list(longer_wins(share, pairs=100))
    said = " ".join(conclusions(profile(records, resolution=resolution({"val": records}, None))))
    assert "on 100 pairs (`val`): an accuracy near 50 %, where its interval is widest, is known" in said
    assert "known there to about \u00b1 9.6 points (95 %)." in said


def test_how_well_an_accuracy_will_be_known_is_a_matter_of_prompts(full):
    def said(sizes, pairs=400):
        clusters, widths = len(sizes), half_widths(sizes)
        return resolution_sentence(full, Resolution("test", pairs, clusters, *widths))

    together = said(np.full(100, 4))
    assert "on 400 pairs of 100 prompts (`test`)" in together
    assert "\u00b1 5.0 points (95 %) if the pairs of each are right or wrong one by one" in together
    assert "and to about \u00b1 9.6 points if all of them together" in together
    assert "has no interval" in said(np.array([400]))


def test_profiles_side_by_side(full):
    row = row_of("first", "folder", profile_figures(full, "data", None, "abc", ()))
    again = row_of(HOSTILE, "other", profile_figures(full, "data", None, "abc", ()))
    assert (row.pairs, row.bad_rows, row.contradictions, row.leaks, row.noise) == (45, 1, 1, 2, None)
    assert row.longer.accuracy == full.baselines[0].accuracy
    html = profiles_report([row, again])
    assert html.count('<tr><th scope="row">first</th>') == 2
    assert "<script" not in html
