import pytest
from scipy.stats import binomtest

from rmexp.statistics.shares import share, wilson


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (1, 1), (0, 80), (80, 80), (37, 80), (1, 1000), (999, 1000)])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_wilson_is_the_interval_of_scipy(successes, n, confidence):
    expected = binomtest(successes, n).proportion_ci(confidence_level=confidence, method="wilson")
    assert wilson(successes, n, confidence) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_takes_half_credits():
    """The ends solve (p - k/n)^2 = z^2 p (1 - p) / n, which is how Wilson defines them."""
    z2 = 1.959963984540054**2
    for end in wilson(0.5, 2):
        assert (end - 0.25) ** 2 == pytest.approx(z2 * end * (1 - end) / 2, rel=1e-9)


def test_wilson_is_symmetric():
    low, high = wilson(12.5, 40)
    assert wilson(27.5, 40) == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize(("successes", "n", "confidence"), [(1, 0, 0.95), (3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0)])
def test_arguments_out_of_range_are_refused(successes, n, confidence):
    with pytest.raises(ValueError, match="got"):
        wilson(successes, n, confidence)


def test_a_share_of_nothing_is_undefined():
    assert (share(0, 0).value, share(0, 0).low) == (None, None)
    assert share(1.5, 3).value == 0.5
