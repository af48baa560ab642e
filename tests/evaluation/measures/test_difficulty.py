import numpy as np
import pytest

from rmexp.evaluation.measures.difficulty import difficulty
from rmexp.records import Preference


def pairs(**fields):
    """Nine pairs whose fields come from lists."""
    return [
        Preference(f"p{i}", "a", "b", id=str(i), **{name: values[i] for name, values in fields.items()})
        for i in range(9)
    ]


def bins(records, fields=(), margins=None):
    return difficulty(records, fields, np.zeros(9) if margins is None else np.asarray(margins, dtype=float), "words")


def test_terciles_of_the_baselines_margin_towards_the_label():
    found = bins(pairs(target=[0.0] + [1.0] * 8), margins=[-9, *range(8)])
    assert found.bins == ("easy", "hard", "hard", "hard", "medium", "medium", "medium", "easy", "easy")
    assert found.by == "margin of words towards the label"


def test_a_margin_that_every_pair_has_wins():
    found = bins(pairs(margin=[5, -5, 4, 3, 3, 2, 1, 1, 0]), margins=range(9))
    assert found.by == "margin"
    assert (found.bins[0], found.bins[1], found.bins[8]) == ("easy", "easy", "hard")


def test_soft_labels_tell_strength():
    found = bins(pairs(target=[1.0, 0.0, 1.0, 0.8, 0.2, 0.8, 0.6, 0.4, 0.5]))
    assert found.by.startswith("target")
    assert found.bins == ("easy",) * 3 + ("medium",) * 3 + ("hard",) * 3


def test_pairs_of_equal_ease_are_in_one_bin():
    found = bins(pairs(margin=[1] * 9))
    assert set(found.bins) == {"medium"}
    assert found.thresholds == (None, None)
    found = bins(pairs(margin=[5] * 5 + [1] * 4))
    assert found.bins == ("easy",) * 5 + ("hard",) * 4
    assert found.thresholds == (1, 5)


def test_named_fields_win_and_two_are_subtracted():
    votes = [{"for": 5 - i % 3, "against": i % 3} for i in range(9)]
    records = pairs(meta=votes, margin=list(range(9)))
    found = bins(records, ["meta.for", "meta.against"])
    assert found.ease.tolist() == [5, 3, 1] * 3
    assert bins(records, ["meta.against"]).ease.tolist() == [0, 1, 2] * 3


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("meta.votes", "record 0 has no field meta.votes; it has no meta fields"),
        ("votes", "record 0 has no field votes"),
        ("meta", "record 0: expected a number in meta, got an object"),
        ("margin", "record 0: expected a number in margin, got null"),
    ],
)
def test_a_field_that_is_no_number_is_named(field, message):
    with pytest.raises(ValueError, match=rf"{message}.*\(set strength\)$"):
        bins(pairs(), [field])


def test_rows_are_what_the_selection_reads():
    records = pairs(target=[0.5] + [1.0] * 8)
    rows = bins(records, margins=range(9)).lines(records)
    assert rows[0] == ("0", "hard", 0.0)
    assert rows[8] == ("8", "easy", -8.0)
    assert [row.id for row in rows] == [record.id for record in records]
