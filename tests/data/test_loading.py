from dataclasses import replace

import pytest

from rmexp.data.loading import TRUNCATIONS


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_pairs": 0}, "data.batch_pairs must be at least 1, got 0"),
        ({"max_tokens": 1}, "data.max_tokens must be at least 2, got 1"),
        ({"truncation": "cut"}, "data.truncation must be one of cut_prompt, cut_response, drop, error, got cut"),
        ({"val_fraction": -0.1}, "data.val_fraction must be at least 0 and below 1, got -0.1"),
        ({"val_fraction": 1.0}, "data.val_fraction must be at least 0 and below 1, got 1.0"),
        ({"val_fraction": float("nan")}, "data.val_fraction must be at least 0 and below 1, got nan"),
    ],
)
def test_a_value_out_of_range_names_its_key(loading, changes, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        replace(loading, **changes)


def test_the_ends_of_the_ranges_are_allowed(loading):
    for truncation in TRUNCATIONS:
        smallest = replace(loading, batch_pairs=1, max_tokens=2, val_fraction=1e-9, truncation=truncation)
        assert smallest.truncation == truncation
