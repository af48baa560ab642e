"""Files in the layouts in which preference data are published, taken for what they are."""

from collections import Counter
from pathlib import Path

import pytest

from rmexp.config.compose import compose
from rmexp.config.recognition import with_recognised
from rmexp.verbs.data import load_data

FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "shapes"
# Pairs, ties, and for some the option that is found.
EXPECTED = {
    "helpsteer3.jsonl": (12, 4, "helpsteer3"),
    "arena.jsonl": (12, 6, "arena"),
    "webgpt.jsonl": (12, 4, "webgpt"),
    "pku.jsonl": (12, 0, "safe_rlhf"),
    "summarize.jsonl": (12, 0, "summarize_from_feedback"),
    "llamafactory_sharegpt.json": (12, 0, "sharegpt"),
    "llamafactory_alpaca_input.json": (12, 0, "alpaca"),
    "axolotl_bt_chat.jsonl": (12, 0, "axolotl"),
    "trl_tools.jsonl": (12, 0, None),
    "trl_tools_plain.jsonl": (12, 0, None),
    "trl_ctk.jsonl": (12, 0, None),
    "openrlhf_margin.jsonl": (12, 0, None),
    "full.jsonl": (60, 0, None),
    "semi.csv": (60, 0, None),
}
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the files are not part of the package")


def records(name, *overrides):
    given = ["data=jsonl", f"data.path={FOLDER / name}", *overrides]
    whole = with_recognised("train", given)
    return whole[len(given) :], load_data(compose("train", whole).data).records.splits["all"]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_shape_is_taken_for_what_it_is(name):
    pairs, ties, option = EXPECTED[name]
    added, found = records(name)
    assert added == ([f"data/format={option}"] if option else [])
    assert (len(found), Counter(pair.target for pair in found)[0.5]) == (pairs, ties)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (
            "qgb.jsonl",
            r"qgb.jsonl:1: `prompt`, `chosen`, `rejected` are missing; .* set data.format.prompt=question ",
        ),
        (
            "nonstr.jsonl",
            r"nonstr.jsonl:6: `prompt` must be .* got 7; `chosen` .* got 3.5; `rejected` .* got null",
        ),
    ],
)
def test_what_cannot_be_read_is_told_with_file_line_key_and_remedy(name, problem):
    with pytest.raises(ValueError, match=problem):
        records(name)
