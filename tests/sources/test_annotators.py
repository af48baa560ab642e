import numpy as np
import pytest

from rmexp.sources.annotators import annotators, davidson


def people(**keys):
    return annotators(**{"temperature": 0.5, "group_temperatures": [], "length_bias": 0.0, "ties": 0.0} | keys)


def test_without_ties_the_model_is_bradley_terry():
    log_odds = np.array([-3.0, -0.1, 0.0, 1.0, 2.5])
    chances = davidson(log_odds, 0.0)
    assert chances.first == pytest.approx(1 / (1 + np.exp(-log_odds)))
    assert chances.tie.tolist() == [0.0] * 5


@pytest.mark.parametrize("ties", [0.2, 1.0, 7.0])
def test_ties_are_those_of_davidsons_formula(ties):
    """With merits a and b: a / (a + b + nu sqrt(ab)) wins, nu sqrt(ab) / (the same) ties."""
    merits = np.array([[1.0, 1.0], [2.0, 3.0], [5.0, 0.1], [0.01, 4.0]])
    a, b = merits.T
    total = a + b + ties * np.sqrt(a * b)
    chances = davidson(np.log(a / b), ties)
    assert chances.first == pytest.approx(a / total)
    assert chances.tie == pytest.approx(ties * np.sqrt(a * b) / total)
    assert chances.tie[0] == pytest.approx(ties / (2 + ties))
    assert chances.preferred == pytest.approx((a + ties * np.sqrt(a * b) / 2) / total)
    assert chances.first / (1 - chances.tie) == pytest.approx(a / (a + b))


def test_swapped_sides_swap_the_chances_and_nothing_overflows():
    log_odds = np.array([0.0, 1.0, 50.0, 5000.0])
    one, other = davidson(log_odds, 0.7), davidson(-log_odds, 0.7)
    assert one.first + one.tie + other.first == pytest.approx(np.ones(4))
    assert one.tie.tolist() == other.tie.tolist()
    assert (one.first[-1], other.first[-1]) == (1.0, 0.0)


def test_each_group_has_its_temperature_and_all_like_length():
    worth = np.array([[0.4, -0.4], [0.4, 0.4]])
    chances = people(group_temperatures=[0.2, 1.0], length_bias=0.1).chances(worth, further_sentences=2)
    log_odds = np.array([[0.6 / 0.2, -0.2 / 0.2], [0.6, 0.6]])
    assert chances.first == pytest.approx(1 / (1 + np.exp(-log_odds)))


def test_one_group_has_the_one_temperature():
    assert people().temperatures.tolist() == [[0.5]]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"temperature": 0.0}, r"`temperature` must be a finite number above 0, got 0.0 \(set data.temperature\)"),
        ({"temperature": float("nan")}, "`temperature` must be a finite number above 0, got nan"),
        (
            {"group_temperatures": [1.0, -1.0]},
            r"`group_temperatures` must be a finite number above 0, got -1.0 \(set data.group_t",
        ),
        ({"ties": -0.1}, r"`ties` must be a finite number of at least 0, got -0.1 \(set data.ties\)"),
        ({"ties": float("inf")}, "`ties` must be a finite number of at least 0, got inf"),
        ({"length_bias": float("nan")}, r"`length_bias` must be a finite number, got nan \(set data.length_bias\)"),
    ],
)
def test_numbers_out_of_range(keys, message):
    with pytest.raises(ValueError, match=message):
        people(**keys)
