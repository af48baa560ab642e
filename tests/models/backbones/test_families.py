import pytest
from tests.programs.families import ALL, FAMILIES, PAGE, row_of


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FAMILIES else pytest.mark.slow) for name in ALL]
)
def test_a_family_trains_and_scores_and_the_page_says_so(name, tmp_path):
    assert row_of(name, tmp_path) in PAGE.read_text().splitlines()


def test_the_page_has_every_family_and_no_other():
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows[1:]] == sorted(ALL, key=str.lower)
