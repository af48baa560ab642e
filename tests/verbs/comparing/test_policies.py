import logging
from types import SimpleNamespace

import pytest

from rmexp.records import Candidates
from rmexp.selection.pool import Pool
from rmexp.stages.obtain import Stage
from rmexp.verbs.comparing.policies import Answers, _of_common_prompts, _seconds


def pool(*numbers):
    return Pool([Candidates("Why?", ("So.",), meta={"record": number}) for number in numbers], 0, 3 - len(numbers), 0)


def numbers(records):
    return [record.meta["record"] for record in records]


def test_policies_are_judged_on_the_prompts_that_all_of_them_answered_and_the_others_are_told(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("rmexp"), "propagate", True)
    with caplog.at_level(logging.INFO, "rmexp"):
        judged = _of_common_prompts({"sft": pool(0, 1, 2), "ppo": pool(2, 0)}, 3)
    assert {name: numbers(records) for name, records in judged.items()} == {"sft": [0, 2], "ppo": [2, 0]}
    assert "judged on the 2 of 3 prompts" in caplog.text
    with pytest.raises(ValueError, match="no prompt to which every policy said something"):
        _of_common_prompts({"sft": pool(0), "ppo": pool(1)}, 3)


def test_what_a_policy_costs_is_all_that_it_needs_or_not_known():
    stages = {
        name: Stage(name, "", None, SimpleNamespace(seconds=s), False)
        for name, s in (("sft", 1), ("reward", 10), ("dpo", 5))
    }
    assert _seconds("sft", Answers(pool(0), 99.0), stages) == 1
    assert _seconds("dpo", Answers(pool(0), 99.0), stages) == 6
    assert _seconds("best_of_n", Answers(pool(0), 100.0), stages) == 111
    assert _seconds("best_of_n", Answers(pool(0), None), stages) is None
    given = stages | {"reward": stages["reward"]._replace(summary=None)}
    assert _seconds("best_of_n", Answers(pool(0), 100.0), given) is None
