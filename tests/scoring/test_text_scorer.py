import copy
import json
import logging
import math
import shutil

import pytest

from rmexp.models.folders.contract import FILE
from rmexp.models.folders.folder import save_folder
from rmexp.records import Candidates, Message
from rmexp.scoring.baseline import BaselineScorer
from rmexp.scoring.explicit import ExplicitScorer
from rmexp.scoring.implicit import ImplicitScorer
from rmexp.scoring.text_items import record_of
from rmexp.scoring.text_scorer import TextScorer, load

TURNS = [{"role": "user", "content": "How long is rope 1?"}, {"role": "assistant", "content": "It is long."}]


@pytest.fixture
def scorer(reward_folder):
    return load(reward_folder, threads=1)


def test_scores_are_those_of_the_scorer(scorer, reward_folder, limits, pairs):
    own = ExplicitScorer("explicit", str(reward_folder), "auto", limits=limits, threads=1)
    expected = [score for row in own.score(pairs) for score in row.scores]
    found = scorer.score([(pair.prompt, response) for pair in pairs for response in pair.responses])
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "item",
    [
        TURNS,
        tuple(TURNS),
        (TURNS[:1], "It is long."),
        (TURNS[:1], TURNS[1:]),
        {"messages": TURNS},
        {"prompt": TURNS[:1], "response": TURNS[1]},
    ],
)
def test_messages_are_one_record_however_they_are_written(item):
    assert record_of(item) == Candidates((Message("user", "How long is rope 1?"),), ("It is long.",))


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ("text", "expected a pair of prompt and response or a list of messages"),
        (("a", "b", "c"), "expected a pair of prompt and response, got a list of 3"),
        ({"prompt": "a"}, "got one of `prompt`"),
        ({"messages": TURNS[:1]}, "must end with a response of the assistant"),
        (("a", 3), r"responses\[0\]"),
        ({"prompt": "a", "chosen": "b", "rejected": "c"}, "expected one response, got 2"),
    ],
)
def test_what_is_no_item_is_refused_with_its_place(scorer, item, problem):
    with pytest.raises(ValueError, match=rf"^item 1: .*{problem}"):
        scorer.score([("a", "b"), item])


def test_two_responses_are_compared(scorer):
    first, second = ("How long?", "It is long."), ("How long?", "short")
    one, other, margin, probability = scorer.compare(first, second)
    assert [one, other] == scorer.score([first, second])
    assert margin == one - other
    assert probability == pytest.approx(1 / (1 + math.exp(-margin)))
    assert scorer.compare(second, first).probability == pytest.approx(1 - probability)
    with pytest.raises(ValueError, match="two responses to one prompt, got two prompts"):
        scorer.compare(first, ("How short?", "short"))


def test_what_is_cut_is_said(reward_folder, caplog):
    caplog.set_level(logging.WARNING)
    load(reward_folder, max_tokens=16, threads=1).score([("long " * 50, "It is."), ("a", "b")])
    assert "1 of 2 texts are longer than the limit and lost tokens" in caplog.text


def test_a_run_folder_is_its_model(reward_folder, tmp_path, scorer):
    shutil.copytree(reward_folder, tmp_path / "model")
    items = [("How long?", "short")]
    assert load(tmp_path, threads=1).score(items) == scorer.score(items)


def test_a_policy_gives_its_implicit_reward(tmp_path, tiny_model, reference_folder, make_contract, limits, pairs):
    policy = copy.deepcopy(tiny_model.causal_lm)
    policy.base_model.layers[0].mlp.down_proj.weight.data *= 2.0
    contract = make_contract("language_model", beta=0.5, reduction="response_sum")
    save_folder(tmp_path / "model", policy.save_pretrained, tiny_model.tokenizer, contract)
    with pytest.raises(ValueError, match=r"there is none beside it \(give reference=FOLDER\)"):
        load(tmp_path)
    own = ImplicitScorer(
        "implicit", str(tmp_path / "model"), str(reference_folder), None, None, "auto", limits=limits, threads=1
    )
    expected = [row.scores[0] for row in own.score(pairs)]
    items = [(pair.prompt, pair.chosen) for pair in pairs]
    assert load(tmp_path, reference_folder, threads=1).score(items) == pytest.approx(expected, abs=1e-5)
    shutil.copytree(reference_folder, tmp_path / "reference")
    assert load(tmp_path, threads=1).score(items) == pytest.approx(expected, abs=1e-5)


def test_what_has_no_reward_is_refused(reference_folder, reward_folder, tmp_path):
    with pytest.raises(ValueError, match="trained on no preferences: it has no reward"):
        load(reference_folder)
    with pytest.raises(ValueError, match="is a reward model, which has no reference"):
        load(reward_folder, reference_folder)
    stored = BaselineScorer("longer", "longer", 0, None)
    stored.stored = True
    with pytest.raises(ValueError, match="has the scores of files"):
        TextScorer(stored)
    assert json.loads((reward_folder / FILE).read_text())["kind"] == "reward_model"
