"""What a run learns from and is tested on, where several runs of one process ask for nearly the same."""

import json

import pytest

from rmexp.config.compose import compose
from rmexp.verbs.data import load_run_data


def test_each_cell_has_its_tests_as_it_asks_for_them(tmp_path):
    for name in ("own", "other"):
        pairs = [
            {"prompt": f"{name} {number}?", "chosen": "yes", "rejected": "no", "meta": {"topic": number % 3}}
            for number in range(20)
        ]
        (tmp_path / f"{name}.jsonl").write_text("".join(f"{json.dumps(pair)}\n" for pair in pairs))
    settings = ["data=jsonl", f"data.path={tmp_path}/own.jsonl", "+data@tests.other=jsonl"]
    settings += [f"tests.other.path={tmp_path}/other.jsonl"]

    def asked(*overrides):
        config = compose("train", [*settings, *overrides])
        return load_run_data(config.data, config.tests)

    first = asked("tests.other.group=meta.topic")
    assert first.tests["other"].split_rule.group == "meta.topic"
    assert asked("tests.other.group=meta.topic") is first
    assert asked().tests["other"].split_rule.group is None
    assert asked("tests.other.max_tokens=7").tests["other"].limits.max_tokens == 7
    for key in ("tests.other.train_pairs=5", "tests.other.label_noise=0.5"):
        with pytest.raises(
            ValueError, match=f"{key} is for pairs that are learnt from, but those of data=other are ju"
        ):
            asked(key)
