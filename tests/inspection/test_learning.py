import copy
from dataclasses import replace

import pytest
import torch

from rmexp.encoding.encode import Encoder
from rmexp.inspection import learning
from rmexp.models.folders.folder import load_reward_model


@pytest.fixture(scope="module")
def model(reward_folder):
    return load_reward_model(str(reward_folder))[0]


@pytest.fixture
def encoder(tokenizer, limits):
    return Encoder(tokenizer, limits)


def test_a_batch_is_learnt_and_the_model_is_left_alone(model, encoder, judged):
    before = copy.deepcopy(model.state_dict())
    check = learning.overfits_one_batch(model, encoder, judged, 60, 1e-2)
    assert check.verdict == "pass", check.says
    assert check.figures["last"] < learning.FITTED < check.figures["first"]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_soft_labels_do_not_make_a_model_fail_that_learns(model, encoder, judged):
    soft = [replace(pair, target=0.8) for pair in judged]
    assert learning.overfits_one_batch(model, encoder, soft, 60, 1e-2).verdict == "pass"


def test_a_model_that_cannot_learn_fails(model, encoder, judged):
    check = learning.overfits_one_batch(model, encoder, judged, 3, 1e-9)
    assert check.verdict == "fail"
    assert "gradients, learning rate or inputs are wrong" in check.says


def test_labels_by_lot_give_chance(model, encoder, judged):
    check = learning.shuffled_labels(model, encoder, judged, 30, 1e-2, 0)
    assert check.verdict == "pass", check.says
    assert check.figures["n"] == 20
    assert learning.shuffled_labels(model, encoder, judged[:20], 5, 1e-2, 0).verdict == "skip"


def test_labels_that_leak_are_found_out(model, encoder, judged, monkeypatch):
    # every pair twice, its label with it: what is learnt of one half tells the lots of the other
    monkeypatch.setattr(learning, "encode_pairs", lambda records, encoder: ([records] * 20, None))
    monkeypatch.setattr(learning, "_train", lambda *given: [])
    monkeypatch.setattr(learning, "_right", lambda *given: 20.0)
    check = learning.shuffled_labels(model, encoder, judged, 1, 1e-2, 0)
    assert check.verdict == "fail"
    assert "something gives labels away" in check.says
