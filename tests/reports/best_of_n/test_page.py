import numpy as np
import pytest

from rmexp.records import Candidates, Scored
from rmexp.reports.best_of_n.page import BestOfNReport, best_of_n_report
from rmexp.reports.best_of_n.wording import conclusions
from rmexp.reports.made import Made
from rmexp.runs.environment import Environment
from rmexp.runs.summaries.best_of_n import CandidatePool
from rmexp.selection.best_of_n import Pool, best_of_n_curve
from rmexp.selection.picks import pick

HOSTILE = "<script>alert(1)</script>\u202e &"


def made(scores, gold, **about):
    records = [
        Candidates(
            f"{HOSTILE} {row}", tuple(f"{HOSTILE} {i}" for i in range(scores.shape[1])), gold and tuple(gold[row])
        )
        for row in range(len(scores))
    ]
    width = scores.shape[1]
    scored = [
        Scored(record.id, tuple(row), (1,) * width, (False,) * width)
        for record, row in zip(records, scores, strict=True)
    ]
    curve = best_of_n_curve([Pool(row, None if gold is None else np.array(gold[i])) for i, row in enumerate(scores)])
    common = {"data": HOSTILE, "n": width, "candidates": scores.size, "scorer": {"name": "s", "kind": "explicit"}}
    common |= {"scorer_chat_template": None, "gold": gold and {"name": "gold"}, "wanted_n": None}
    picks = [pick(*row, seed=0) for row in zip(records, scored, strict=True)]
    return BestOfNReport(curve, picks, CandidatePool(**common | about), Made("runs/x", Environment(), HOSTILE))


@pytest.fixture(scope="module")
def scores():
    return np.random.default_rng(0).normal(size=(12, 8))


def test_the_page_is_self_contained_and_the_same_each_time(scores):
    report = made(scores, scores.tolist())
    page = best_of_n_report(report)
    assert page == best_of_n_report(report)
    assert page.count("<svg") == 2
    assert "<script" not in page
    assert "\u202e" not in page
    assert page.count('class="pair"') == 6


def test_without_truth_nothing_is_said_of_it(scores):
    page = best_of_n_report(made(scores, None))
    assert page.count("<svg") == 1
    assert "Nobody knows" in page
    assert "truly best" not in page.replace("the truly best", "")


def test_a_perfect_scorer_gains_all_there_is_and_a_misleading_one_turns_down(scores):
    said = " ".join(conclusions(*made(scores, scores.tolist())[0:3:2]))
    assert "100 % of the" in said
    gold = -np.abs(scores - 0.5)  # best in the middle: the highest scores are too much of it
    said = " ".join(conclusions(*made(scores, gold.tolist())[0:3:2]))
    assert "True reward is highest at n = " in said
    assert "more candidates find more of what the scorer gets wrong" in said


def test_what_chance_explains_is_no_turn(scores):
    gold = np.random.default_rng(6).normal(size=np.shape(scores))
    said = " ".join(conclusions(*made(scores, gold.tolist())[0:3:2]))
    assert "That it bends down is not told from chance." in said
    assert "more candidates find" not in said
    one = " ".join(conclusions(*made(scores[:1], gold[:1].tolist())[0:3:2]))
    assert "A single prompt says nothing of others." in one
    assert "The interval does not" not in one


def test_what_was_lost_and_whose_template_is_told(scores):
    policy = {"path": "p", "chat_template": "aaaa", "max_new_tokens": 9, "temperature": 1.0, "top_p": 1.0}
    about = {
        "policy": policy,
        "empty": 3,
        "prompts_without": 1,
        "cut": 4,
        "wanted_n": 16,
        "scorer_chat_template": "bbbb",
    }
    said = " ".join(conclusions(*made(scores, None, **about)[0:3:2]))
    for text in ("3 sampled responses", "the smallest pool, n = 8", "1 prompt got none", "4 of 96", "aaaa", "bbbb"):
        assert text in said
    assert "they are the same" not in said


def test_picks_that_are_worse_than_chance_are_said_to_lose(scores):
    said = " ".join(conclusions(*made(scores, (-scores).tolist())[0:3:2]))
    assert "Picking the best of 8 loses " in said
    assert "falls from the start" in said
    assert "does not exclude" not in said
