import json
from types import SimpleNamespace

import torch

from rmexp.encoding.tokens import ResponseTokens
from rmexp.training.ppo.sample_log import SampleLog
from rmexp.training.ppo.sampler import Samples

RESPONSES = [ResponseTokens((1, 5, 6), 1, False)] * 2
SAMPLES = Samples(["p"] * 2, RESPONSES, ["one\n" * 40, ""], [True, False], [1.5, None], [0.5, None])
MODULE = SimpleNamespace(last_samples=(SAMPLES, torch.tensor([0.25, -0.5])))


def show(folder, *iterations, keep=0, shown=2, every=2, of=99):
    callback = SampleLog(folder, keep, shown, every, of)
    for iteration in iterations:
        callback.on_train_batch_end(SimpleNamespace(loggers=[]), MODULE, None, None, iteration)


def rows(folder):
    return [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]


def test_every_other_iteration_is_shown_whole_in_the_file(tmp_path):
    show(tmp_path, 0, 1, 2)
    found = rows(tmp_path)
    assert [row["iteration"] for row in found] == [1, 1, 3, 3]
    expected = {"iteration": 1, "prompt": "p", "response": "one\n" * 40, "reward": 1.5, "gold": 0.5}
    assert found[0] == expected | {"kl": 0.25, "tokens": 2, "ended": True}
    assert (found[1]["reward"], found[1]["gold"], found[1]["ended"]) == (None, None, False)


def test_the_last_iteration_is_shown_too(tmp_path):
    show(tmp_path, 0, 1, 2, 3, every=10, of=4)
    assert [row["iteration"] for row in rows(tmp_path)] == [1, 1, 4, 4]


def test_the_log_has_one_short_line(tmp_path, monkeypatch):
    lines = []
    said = SimpleNamespace(info=lambda text, *values: lines.append(text % values))
    monkeypatch.setattr("rmexp.training.ppo.sample_log.log", said)
    show(tmp_path, 0)
    (line,) = lines
    assert "iteration 1, mean reward 1.500, KL -0.12, a sample with a reward of 1.500: 'one" in line
    assert len(line) < 200
    assert "\n" not in line


def test_what_comes_after_a_checkpoint_is_written_again(tmp_path):
    show(tmp_path, 0, 2, 4)
    show(tmp_path, keep=3)
    assert [row["iteration"] for row in rows(tmp_path)] == [1, 1, 3, 3]


def test_none_shown(tmp_path):
    show(tmp_path, 0, shown=0)
    assert not (tmp_path / "samples.jsonl").exists()
