import math

import pytest

from rmexp.sources.rows import LeftOut

# The columns of stanfordnlp/SHP.
ROW = {
    "post_id": "post1",
    "domain": "askbaking_train",
    "upvote_ratio": 0.98,
    "history": "Why does my bread not rise?",
    "c_root_id_A": "a",
    "c_root_id_B": "b",
    "created_at_utc_A": 1,
    "created_at_utc_B": 2,
    "score_A": 2,
    "score_B": 6,
    "human_ref_A": "Buy a new oven.",
    "human_ref_B": "Is the yeast old?",
    "labels": 0,
    "seconds_difference": 1.0,
    "score_ratio": 3.0,
}
OTHER = ROW | {"labels": 1, "score_A": 6, "score_B": 2}


def test_the_label_says_which_comment_is_better(pairs):
    first, second = pairs("shp", [ROW, OTHER])
    assert (first.chosen, first.rejected, first.target) == ("Is the yeast old?", "Buy a new oven.", 1.0)
    assert (second.chosen, second.rejected) == ("Buy a new oven.", "Is the yeast old?")
    assert first.margin == second.margin == math.log(3)
    assert first.meta == {"group": "post1", "votes": [6, 2], "domain": "askbaking_train"}


def test_votes_as_a_soft_label(pairs):
    assert pairs("shp", [ROW], "soft=true")[0].target == 0.75


def test_weak_preferences_are_left_out_on_request(pairs):
    kept, left_out = pairs("shp", [ROW, ROW | {"score_ratio": 1.5}], "min_ratio=2")
    assert kept.margin == math.log(3)
    assert left_out == LeftOut("vote ratio below data.format.min_ratio=2")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": 2}, "`labels` must be 1 (A is better) or 0 (B is better), got 2"),
        ({"labels": True}, "`labels` must be a finite number, got true"),
        ({"score_ratio": 0.5}, "`score_ratio` must be at least 1, got 0.5"),
        ({"labels": 1}, "`labels` prefers A, but `score_A` is 2 and less than 6"),
        ({"human_ref_B": None}, "`chosen` must be a non-empty string, got null"),
    ],
)
def test_rows_that_contradict_themselves_are_errors(problem, change, message):
    assert message in problem("shp", ROW | change)


def test_a_column_that_is_not_there(problem):
    row = dict(ROW)
    del row["score_ratio"]
    assert problem("shp", row).startswith("`score_ratio` is missing; the row has post_id, domain")


def test_the_ratio_is_at_least_one(outcomes):
    with pytest.raises(ValueError, match=r"data.format.min_ratio takes a number of at least 1, got 0.5"):
        outcomes("shp", [ROW], "min_ratio=0.5")
