"""PPO as a command: what is in its folder, what stops it, and that it goes on where it was."""

import json
import math
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from rmexp.cli import main
from rmexp.tracking.metrics_csv import read_metrics

DATA = ["data=synthetic", "data.pairs=64", "data.val_pairs=16", "data.test_pairs=16", "data.max_tokens=128"]
QUICK = ["model.hidden_size=32", "model.vocabulary=300", "trainer.threads=1", "logger=csv"]
ROLLOUTS = ["samples=8", "max_new_tokens=8", "evaluation_samples=16", "iterations=3", "show_every=2"]
SMALL = [*DATA, *QUICK, *(f"rollouts.{text}" for text in ROLLOUTS)]


@pytest.fixture(scope="session")
def sft(tmp_path_factory):
    """A reference that has learnt next to nothing."""
    path = tmp_path_factory.mktemp("sft") / "run"
    options = [*DATA, *QUICK, "data.cache_dir=null", "trainer.max_epochs=1"]
    assert main(["train", "task=sft", *options, f"run_dir={path}"]) == 0
    return path / "model"


@pytest.fixture
def ppo(here, sft):
    def run(*overrides, folder="run"):
        return main(
            ["train", "task=ppo", *SMALL, "scorer=gold", f"model.reference={sft}", *overrides, f"run_dir={folder}"]
        )

    return run


def summary(folder="run"):
    return json.loads(Path(folder, "summary.json").read_text())


def test_what_a_run_leaves(here, ppo, sft):
    from rmexp.models.backbones.location import folder_fingerprint
    from rmexp.models.folders.folder import load_language_model

    assert ppo() == 0
    found = summary()
    assert (found["status"], found["task"], found["iterations"]) == ("finished", "ppo", 3)
    assert found["steps"] == 3 * 3 * 4
    assert found["reward"].keys() == {"before", "after", "sd_before"}
    assert found["kl"] == found["samples"]["after"]["kl"] != 0 == found["samples"]["before"]["kl"]
    assert found["val"]["n"] == 16
    assert {row["split"] for row in found["evaluation"]} == {"val", "test"}
    contract = json.loads(Path("run/model/contract.json").read_text())
    assert contract["reference"] == folder_fingerprint(str(sft))
    assert contract["beta"] == pytest.approx(0.05 * found["reward"]["sd_before"])
    assert load_language_model("run/model").causal_lm.config.hidden_size == 32
    rows = read_metrics(Path("run/metrics.csv"))
    assert [row["step"] for row in rows] == ["1", "2", "3"]
    assert all(math.isfinite(float(row[name])) for row in rows for name in row if name != "rollout/gold")
    for row in rows:  # the standardised reward, -3 without text, less 1 without an end and 0.05 a nat
        reward, empty, ended, kl = (float(row[f"rollout/{name}"]) for name in ("reward", "empty", "ended", "kl"))
        scaled = (reward - found["reward"]["before"]) / found["reward"]["sd_before"]
        expected = (1 - empty) * scaled - 3 * empty - (1 - ended) - 0.05 * kl
        assert float(row["rollout/objective"]) == pytest.approx(expected, abs=1e-4)
    shown = [json.loads(line) for line in Path("run/samples.jsonl").read_text().splitlines()]
    assert [row["iteration"] for row in shown] == [1] * 4 + [3] * 4
    assert not Path("run/checkpoints/good.ckpt").exists()


@pytest.mark.parametrize("every", [0, 2])
def test_what_is_not_logged_counts_as_well(ppo, every):
    assert ppo(f"trainer.log_every_n_steps={every}", "rollouts.evaluation_samples=4") == 0
    assert len(read_metrics(Path("run/metrics.csv"))) == (1 if every else 0)
    found = summary()
    assert (found["iterations"], found["responses"], found["train"]["n"]) == (3, 24, 24)
    assert found["epochs"] == pytest.approx(3 * 8 / 64)
    assert found["train"]["loss"] is not None
    whole = 3 * sum(found["iteration_seconds"].values())
    assert found["train_pairs_per_second"] == pytest.approx(24 / whole, rel=1e-3)
    assert 1 <= found["train_tokens_per_second"] / found["train_pairs_per_second"] <= 8
    assert main(["report", "run_dir=run"]) == 0


@pytest.mark.slow
def test_without_a_reference_one_is_trained_and_kept(here, capsys):
    options = ["task=ppo", *SMALL, "scorer=gold", "sft.trainer.max_epochs=1", "run_dir=run"]
    assert main(["train", *options]) == 0
    assert summary()["reference"] == "run/sft/model"
    assert summary("run/sft")["task"] == "sft"
    shown = capsys.readouterr().out
    assert "before" in shown
    assert "gain" in shown
    assert main(["train", *options]) == 0
    assert "finished before" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["rloo", "grpo"])
def test_other_baselines(ppo, estimator):
    assert ppo(f"estimator={estimator}", "kl.place=loss", "kl.estimator=k3") == 0
    rows = read_metrics(Path("run/metrics.csv"))
    assert not any(row["update/value_loss"] or row["update/explained_variance"] for row in rows)
    assert summary()["epochs"] == pytest.approx(3 * 1 / 64, abs=1e-4)


@pytest.mark.slow
def test_the_truth_is_watched_beside_the_reward(ppo):
    assert ppo("scorer=baseline", "scorer.kind=longer", "scorer@gold=gold") == 0
    assert summary()["gold"].keys() == {"before", "after", "sd_before"}
    assert all(row["rollout/gold"] for row in read_metrics(Path("run/metrics.csv")))


@pytest.mark.slow
def test_a_truth_that_is_the_same_for_every_sample_is_told(ppo, capsys):
    assert ppo("scorer@gold=baseline", "gold.kind=json") == 0
    assert summary()["gold"] == {"before": 0.0, "after": 0.0, "sd_before": 0.0}
    said = "the true reward of every fresh sample of the starting policy is 0: it tells nothing apart"
    assert said in capsys.readouterr().out
    assert main(["report", "run_dir=run"]) == 0


@pytest.mark.slow
def test_the_coefficient_is_steered_to_its_target(ppo):
    assert ppo("kl.target=1000") == 0
    found = [float(row["kl_coefficient"]) for row in read_metrics(Path("run/metrics.csv"))]
    assert found == pytest.approx([0.05, 0.05 * 0.9, 0.05 * 0.81])
    assert summary()["kl_coefficient"] == pytest.approx(0.05 * 0.729)


@pytest.mark.slow
def test_updates_end_early_where_the_policy_moves_too_far(ppo):
    assert ppo("update.stop_kl=1e-9") == 0
    assert {row["update/steps"] for row in read_metrics(Path("run/metrics.csv"))} == {"1"}


class Died(BaseException):
    """Stands for the end of the process: nothing that is written for errors catches it."""


@pytest.mark.parametrize(
    "options",
    [
        ["kl.target=2.0"],
        pytest.param(["estimator=rloo", "schedule=linear"], marks=pytest.mark.slow),
        pytest.param(["value_model=policy"], marks=pytest.mark.slow),
    ],
)
def test_killed_after_an_iteration_it_goes_on_to_the_same_bytes(ppo, monkeypatch, options):
    from rmexp.training.callbacks.saving import Saving

    assert ppo(*options, folder="whole") == 0
    between = Saving._between

    def die(self, trainer):
        between(self, trainer)
        if trainer.fit_loop.epoch_loop.batch_progress.current.completed == 2:
            self._save(trainer)
            raise Died

    with monkeypatch.context() as patch:
        patch.setattr(Saving, "_between", die)
        with pytest.raises(Died):
            ppo(*options, folder="died")
    assert ppo(*options, folder="died") == 0
    one, other = (torch.load(f"{name}/checkpoints/last.ckpt", weights_only=True) for name in ("whole", "died"))
    assert one["kl_coefficient"] == other["kl_coefficient"]
    assert flat([one["state_dict"], one["optimizer_states"]]) == flat([other["state_dict"], other["optimizer_states"]])
    for file in ("samples.jsonl", "model/model.safetensors"):
        assert Path("whole", file).read_bytes() == Path("died", file).read_bytes()
    metrics = [read_metrics(Path(name, "metrics.csv")) for name in ("whole", "died")]
    assert [timeless(row) for row in metrics[0]] == [timeless(row) for row in metrics[1]]
    assert summary("whole")["reward"] == summary("died")["reward"]
    tallies = [found["callbacks"]["Tally"] for found in (one, other)]
    assert all(tally["iterations"] == 3 for tally in tallies)
    assert tallies[0]["tokens"] == tallies[1]["tokens"]


def timeless(row):
    return {name: value for name, value in row.items() if not name.startswith("seconds")}


def flat(node):
    if isinstance(node, dict | list):
        return [item for child in (node.values() if isinstance(node, dict) else node) for item in flat(child)]
    return [node.numpy().tobytes() if isinstance(node, torch.Tensor) else node]


@pytest.mark.slow
def test_a_policy_that_runs_away_is_stopped_and_the_last_good_checkpoint_named(ppo, capsys):
    from rmexp.models.folders.folder import load_language_model

    options = ["optimizer.lr=0.03", "kl.coefficient=0", "kl.limit=20", "rollouts.iterations=30"]
    assert ppo(*options, "update.stop_kl=1e9", "callbacks.saving.every_seconds=0") == 1
    error = capsys.readouterr().err
    assert "beyond kl.limit=20" in error
    assert "Traceback" not in error
    assert "the last good checkpoint is run/checkpoints/good.ckpt, after iteration" in error
    assert "its policy is the model run/last_good_model" in error
    kept = load_language_model("run/last_good_model").causal_lm.state_dict()
    assert not Path("run/summary.json").exists()
    assert not Path("run/model").exists()
    checkpoint = torch.load("run/checkpoints/good.ckpt", weights_only=True)
    done = checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]["current"]["completed"]
    policy = {name.removeprefix("model.policy."): value for name, value in checkpoint["state_dict"].items()}
    assert all(torch.equal(value, policy[name]) for name, value in kept.items())
    divergences = [float(row["rollout/kl"]) for row in read_metrics(Path("run/metrics.csv"))]
    assert divergences[done] < 20  # of the samples that its policy gave


def test_a_policy_that_the_last_iteration_lost_is_none_to_keep(ppo, capsys):
    options = ["optimizer.lr=0.03", "kl.coefficient=0", "kl.limit=0.5", "rollouts.iterations=1", "update.stop_kl=1e9"]
    assert ppo(*options) == 1
    error = capsys.readouterr().err
    assert "in iteration 1, beyond kl.limit=0.5" in error
    assert "the last sound policy is the one that it starts from, " in error
    assert not Path("run/summary.json").exists()
    assert not Path("run/model").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["update.minibatches=9"], "update.minibatches must be at most rollouts.samples=8, got 9"),
        (["value_model=nowhere"], "value_model must be shared, policy or the folder of a reward model, got nowhere"),
        (["value_model=policy", "estimator=rloo"], "value_model=policy is for estimator=gae"),
        (["rollouts.empty_reward=nan"], "rollouts.empty_reward takes a finite number, got nan"),
    ],
)
def test_settings_that_do_not_fit_are_refused_before_a_reference_is_trained(ppo, capsys, options, message):
    assert ppo("model.reference=null", *options) == 1
    assert message in capsys.readouterr().err
    assert not Path("run/sft").exists()


def test_a_value_model_that_is_a_language_model(ppo, capsys, sft):
    assert ppo(f"value_model={sft}") == 1
    assert "expected a reward model, but its contract says language_model (set value_model)" in capsys.readouterr().err


def test_a_reward_that_is_not_finite_stops_the_run_with_the_sample(ppo, capsys, monkeypatch):
    from rmexp.sources.synthetic_family import Family

    monkeypatch.setattr(Family, "gold", lambda self, prompt, response: float("inf"))
    assert ppo() == 1
    error = capsys.readouterr().err
    assert "scorer gold has no reward for the sample '" in error
    assert "got inf" in error


def test_a_reward_that_is_always_the_same_teaches_nothing(ppo, capsys):
    assert ppo("scorer=baseline", "scorer.kind=list_items") == 1
    assert "gives every response of the starting policy the same reward, 0" in capsys.readouterr().err


@pytest.mark.slow
def test_a_scorer_with_another_tokenizer_reads_texts(ppo, reward_folder, caplog):
    assert ppo("scorer=explicit", f"scorer.path={reward_folder}", "data.max_tokens=64") == 0
    assert summary()["scorer_reads_other_tokens"] is True
    assert summary()["inputs"]["scorer.path"]


def test_a_value_model_has_to_read_the_policy_s_tokens(ppo, reward_folder, capsys):
    assert ppo(f"value_model={reward_folder}") == 1
    assert "but this one has another tokenizer (set value_model)" in capsys.readouterr().err


@pytest.mark.slow
def test_a_value_model_starts_from_a_reward_model(ppo, sft):
    reward = [*DATA, *QUICK, "trainer.max_steps=2", f"model.reference={sft}", "run_dir=reward"]
    assert main(["train", "task=reward", *reward]) == 0
    assert ppo("value_model=reward/model", "scorer=explicit", "scorer.path=reward/model") == 0
    assert summary()["scorer_reads_other_tokens"] is False
    assert all(row["update/value_loss"] for row in read_metrics(Path("run/metrics.csv")))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["estimator=rloo", "rollouts.samples=6"],
            "must be a multiple of estimator.responses=8, got 6",
        ),
        (["scorer=scored_file", "scorer.path=x.jsonl"], "x.jsonl"),
        (["trainer.accumulate_grad_batches=2"], "trainer.accumulate_grad_batches"),
        (["rollouts.max_new_tokens=4000"], "rollouts.max_new_tokens must be below data.max_tokens=128"),
        (["kl.coefficent=1"], "did you mean `kl.coefficient`?"),
        (["trainer.max_epochs=two"], "trainer.max_epochs"),
    ],
)
def test_wrong_settings_are_one_line(ppo, capsys, options, message):
    assert ppo(*options) == 1
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "overrides"),
    [
        (2, ()),
        (3, ("kl.target=1000", "kl.place=loss", "kl.estimator=k3")),
        (3, ("estimator=rloo", "estimator.responses=4", "scorer@gold=baseline", "gold.kind=longer")),
        (2, ("estimator=grpo", "estimator.responses=8")),  # of one prompt, which one process samples
    ],
)
def test_several_processes_learn_what_one_learns(ppo, sft, several, count, overrides):
    """Up to the order of sums, which Adam and the edges of a clip would make much of, where there is nothing else."""
    overrides = (*overrides, "optimizer.eps=1e-3", "trainer.gradient_clip_val=null")  # else a wrong scale is hidden
    overrides = (*overrides, "update.clip=10", "update.value_clip=10")
    assert ppo(*overrides) == 0
    own = ("train", "task=ppo", *SMALL, "scorer=gold", f"model.reference={sft}", *overrides, "run_dir=several")
    processes = several(count, *own, "trainer=ddp", f"trainer.devices={count}")
    assert not any(processes.codes()), "".join(processes.said)
    rows = (read_metrics(Path(folder, "metrics.csv")) for folder in ("several", "run"))
    for row, expected in zip(*rows, strict=True):
        for name in expected:
            if expected[name] and not name.startswith(("seconds", "memory")):
                assert float(row[name]) == pytest.approx(float(expected[name]), rel=1e-3, abs=1e-4), name
    for name in ("samples.jsonl", "scored/val.jsonl"):
        assert len(Path("several", name).read_text().splitlines()) == len(Path("run", name).read_text().splitlines())
    weights, found = (load_file(Path(folder, "model", "model.safetensors")) for folder in ("run", "several"))
    for name, tensor in weights.items():
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=2e-4, msg=name)
    assert summary("several")["samples"]["after"] == pytest.approx(summary()["samples"]["after"], rel=1e-3, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3])
def test_several_processes_go_on_after_a_kill_to_the_same_bytes(sft, here, several, count):
    own = ("train", "task=ppo", *SMALL, "scorer=gold", f"model.reference={sft}", "kl.target=1000", "trainer=ddp")
    own = (*own, f"trainer.devices={count}", "rollouts.iterations=8", "callbacks.saving.every_seconds=0")
    for folder, killed in (("whole", False), ("killed", True)):
        processes = several(count, *own, f"run_dir={folder}")
        while killed and len(read_metrics(Path(folder, "metrics.csv"))) < 4:
            assert processes.running, "".join(processes.said)
            time.sleep(0.02)
        if killed:
            processes.kill()
            assert not Path(folder, "summary.json").exists()
            processes = several(count, *own, f"run_dir={folder}")
        assert not any(processes.codes()), "".join(processes.said)
    assert "going on from" in processes.said[0]
    for name in ("model/model.safetensors", "samples.jsonl", "scored/val.jsonl"):
        assert Path("killed", name).read_bytes() == Path("whole", name).read_bytes()
    for row, expected in zip(
        *(read_metrics(Path(folder, "metrics.csv")) for folder in ("killed", "whole")), strict=True
    ):
        for name in expected:
            assert row[name] == expected[name] or name.startswith(("seconds", "memory")), name


@pytest.mark.slow
def test_processes_of_a_launcher_train_the_reference_first(here, several):
    own = ("train", "task=ppo", *SMALL, "scorer=gold", "sft.trainer.max_epochs=1", "trainer=ddp", "run_dir=run")
    processes = several(2, *own)
    assert not any(processes.codes()), "".join(processes.said)
    assert summary()["reference"] == "run/sft/model"
    assert summary("run/sft")["task"] == "sft"


def test_parameters_of_a_policy_are_not_shared_out(ppo, several, sft):
    own = ("train", "task=ppo", *SMALL, "scorer=gold", f"model.reference={sft}", "trainer=fsdp", "run_dir=run")
    processes = several(2, *own)
    assert processes.codes() == [1, 1]
    assert "task=ppo keeps the whole policy on every device (set trainer=ddp in the place of fsdp)" in processes.said[0]
