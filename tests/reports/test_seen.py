import pytest

from rmexp.evaluation.figures import Figures
from rmexp.reports.seen import apart_sentences, filtered_sentence, treated_sentence
from rmexp.runs.summaries.seen import Seen, SeenBy, seen_of


def figures(scorer, part, n, left_out, accuracy):
    return Figures.from_row(
        {"scorer": scorer, "slice": part, "n": n, "left_out": left_out, "accuracy": accuracy, "records": "pairs"}
    )


def said(seen, left=40, out=160, kept=False):
    rows = [SeenBy(name, "d", "s", left + out, kept, one) for name, one in seen.items()]
    whole = [figures(name, None, left, out, 0.5) for name in seen]
    return list(apart_sentences(rows, [*whole, *(figures(name, "trained on", out, 0, 0.975) for name in seen)]))


def test_one_scorer():
    assert said({"rm": Seen(160, 0, 0)}) == [
        "rm was trained on 160 of these 200 pairs (97.5 % right there): the figures are of the other 40, and the slice "
        "`trained on` has these (data.trained_on=keep counts them)."
    ]


def test_several_scorers_are_judged_on_the_same_pairs():
    assert said({"rm": Seen(120, 0, 0), "rule": Seen(), "dpo": Seen(60, 0, 0)}) == [
        "rm was trained on 120 of these 200 pairs (97.5 % right there), dpo on 60 (97.5 % right there): the figures of "
        "every scorer are of the other 40, and the slice `trained on` has these (data.trained_on=keep counts them)."
    ]


def test_nothing_left_and_everything_kept():
    (none,) = said({"rm": Seen(200, 0, 0)}, left=0, out=200)
    assert ": nothing unseen is left, so that there are no figures but of the slice `trained on` (data." in none
    (kept,) = said({"rm": Seen(160, 0, 0)}, left=200, out=0, kept=True)
    assert kept.endswith(", and these are counted (data.trained_on=keep): the figures say little of other data.")


def test_validation_and_prompts_are_told_and_counted():
    assert said({"rm": Seen(0, 40, 3)}) == [
        "rm was validated with 40 of the pairs; these are counted, and may have chosen its step.",
        "rm was trained on the prompts of 3 of the pairs; these are counted.",
    ]


@pytest.mark.parametrize("seen", [Seen(), Seen("unknown"), Seen(0, 0, 0)])
def test_without_a_claim_nothing_is_said(seen):
    assert said({"rm": seen}) == []
    assert treated_sentence(seen, 10, "pair") is None
    assert filtered_sentence(seen, "pair") is None


def test_verbs_that_treat_every_record_say_how_many_were_seen():
    assert treated_sentence(Seen(2, 0, 1), 10, "record") == (
        "Of 10 records the model was trained on 2 and trained on the prompts of 1: `trained_on` says so in each row."
    )
    assert filtered_sentence(Seen(0, 3, 0), "response") == (
        "The model was validated with 3 of these lists: `trained_on` says so in each row."
    )


@pytest.mark.parametrize(
    ("marks", "kind", "seen"),
    [
        (["pair", None, "prompt"], "explicit", Seen(1, 0, 1)),
        (["no", "no"], "explicit", Seen(0, 0, 0)),
        ([None, None], "explicit", Seen("unknown")),
        ([None, None], "baseline", Seen()),
    ],
)
def test_what_was_seen_is_counted(marks, kind, seen):
    assert seen_of(marks, {"kind": kind}) == seen
