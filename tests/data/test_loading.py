import pytest

from rmexp.data.loading import TRUNCATIONS, Batching, Limits, SplitRule

LIMITS = {"max_tokens": 128, "truncation": "cut_prompt", "cache_dir": None, "batch_pairs": 4}
BATCHING = {"batch_pairs": 4, "batch_by": None, "batch_tokens": None, "max_val_pairs": None}
RULE = {"val_fraction": 0.2, "group": None, "split_seed": 0}


@pytest.mark.parametrize(
    ("part", "changes", "message"),
    [
        (Limits, LIMITS | {"batch_pairs": 0}, "data.batch_pairs must be at least 1, got 0"),
        (Batching, BATCHING | {"batch_pairs": 0}, "data.batch_pairs must be at least 1, got 0"),
        (Batching, BATCHING | {"batch_tokens": 0}, "data.batch_tokens must be at least 1, got 0"),
        (Batching, BATCHING | {"max_val_pairs": 0}, "data.max_val_pairs must be at least 1, got 0"),
        (Limits, LIMITS | {"max_tokens": 1}, "data.max_tokens must be at least 2, got 1"),
        (
            Limits,
            LIMITS | {"truncation": "cut"},
            "data.truncation must be one of cut_prompt, cut_response, drop, error, got cut",
        ),
        (SplitRule, RULE | {"val_fraction": -0.1}, r"data.val_fraction must be in \[0, 1\), got -0.1"),
        (SplitRule, RULE | {"val_fraction": 1.0}, r"data.val_fraction must be in \[0, 1\), got 1.0"),
        (SplitRule, RULE | {"val_fraction": float("nan")}, r"data.val_fraction must be in \[0, 1\), got nan"),
    ],
)
def test_a_value_out_of_range_names_its_key(part, changes, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        part(**changes)


def test_the_ends_of_the_ranges_are_allowed():
    for truncation in TRUNCATIONS:
        smallest = Limits(2, truncation, None, 1)
        assert smallest.without_dropping().truncation == ("cut_prompt" if truncation == "drop" else truncation)
    assert Batching(1, None, 1, 1).batch_tokens == 1
    assert SplitRule(0.0, None, 0).val_fraction == 0
