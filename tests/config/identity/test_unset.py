from pathlib import Path

import pytest

from rmexp.config.compose import compose
from rmexp.config.identity.run_settings import followed_settings, run_settings
from rmexp.config.identity.saved import run_config, saved_yaml

TEST_SET = ["+data@tests.other=csv", "tests.other.path=o.csv"]


@pytest.mark.parametrize("read", [run_settings, followed_settings])
def test_a_limit_that_nobody_set_is_the_same_as_where_it_was_typed(here, read):
    unsaid = saved_yaml(compose("train", TEST_SET))
    typed = saved_yaml(compose("train", [*TEST_SET, "data.max_tokens=512"]))
    assert unsaid != typed
    assert "${unset:512}" in unsaid
    found = []
    for text in (unsaid, typed, unsaid.replace("${unset:512}", "512")):  # as earlier versions had it
        Path("config.yaml").write_text(text)
        found.append(read(Path()))
    assert found[0] == found[1] == found[2]
    assert found[0]["data.max_tokens"] == found[0]["tests.other.max_tokens"] == 512


def test_a_run_is_found_whether_or_not_its_limit_was_typed():
    unsaid, typed, other = (
        run_config(compose("train", [*TEST_SET, *limit])).fingerprint
        for limit in ([], ["data.max_tokens=512", "tests.other.max_tokens=512"], ["data.max_tokens=511"])
    )
    assert unsaid == typed != other
