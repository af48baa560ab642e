import pytest
import torch

from rmexp.models.attention import compiled
from rmexp.models.attention.compiled import compilable, compiled_operations


@pytest.fixture
def requests(monkeypatch):
    """Functions handed to torch.compile, which gives back one that doubles what they give."""
    handed = []

    def compile_(function, dynamic):
        handed.append((function.__name__, dynamic))
        return lambda value: 2 * function(value)

    monkeypatch.setattr(torch, "compile", compile_)
    return handed


def test_compiled_at_the_first_call_where_it_is_asked_for(requests):
    @compilable
    def add_one(value):
        return value + 1

    assert add_one(1) == 2
    assert not requests
    with compiled_operations(True):
        assert (add_one(1), add_one(2)) == (4, 6)
        with compiled_operations(False):
            assert add_one(1) == 2
    assert add_one(1) == 2
    assert requests == [("add_one", True)]


def test_an_error_does_not_leave_it_on():
    with pytest.raises(ValueError, match="stops"), compiled_operations(True):
        raise ValueError("stops")
    assert compiled._asked is False


@pytest.mark.slow
def test_compiled_training_steps_are_those_of_the_operations_themselves(tmp_path):
    from rmexp.cli import main

    weights = []
    for asked in ("false", "true"):
        folder = tmp_path / asked
        options = ["task=reward", "data=json_vs_text", "model=tiny", "trainer.max_steps=3", f"trainer.compile={asked}"]
        assert main(["train", *options, "logger=csv", f"run_dir={folder}"]) == 0
        weights.append(torch.nn.utils.parameters_to_vector(_parameters(folder / "model")))
    torch.testing.assert_close(*weights, rtol=1e-4, atol=1e-6)


def _parameters(folder):
    from transformers import AutoModelForSequenceClassification

    return AutoModelForSequenceClassification.from_pretrained(folder).parameters()
