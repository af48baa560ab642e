import pytest
from omegaconf import OmegaConf

from rmexp.config.compose import compose_unchecked
from rmexp.config.help.flags import wrong_flag
from rmexp.config.overrides import key_paths
from rmexp.config.problems import ELSEWHERE

FLAGS = ("--help", "-h", "--multirun", "-m", "--cfg", "-c")


@pytest.mark.parametrize(
    ("arguments", "setting"),
    [
        (["--lr", "1e-3"], "`--lr 1e-3`; keys are set without dashes: write `optimizer.lr=1e-3`"),
        (["--learning-rate=1e-3"], "write `optimizer.lr=1e-3`"),
        (["seed=1", "--gradient_checkpointing", "data=jsonl"], "write `model.gradient_checkpointing=...`"),
        (["--dataset", "x.jsonl"], "write `data=jsonl data.path=x.jsonl`"),
        (["--dataset", "x.jsonl", "data=jsonl"], "write `data.path=x.jsonl`"),
        (["--model_name_or_path", "org/name"], "write `model=hub model.path=org/name`"),
        (["--data", "synthetic"], "write `data=synthetic`"),
        (["--data", "x.jsonl"], "write `data=jsonl data.path=x.jsonl`"),
        (["--model=gpt2"], "write `model=hub model.path=gpt2`"),
        (["--loss", "hinge"], "write `loss=hinge`"),
        (["--epochs", "3"], "write `trainer.max_epochs=3`"),
        (["--report_to", "mlflow"], "write `logger=mlflow`"),
        (["--nothing", "1"], "`--nothing 1`; see rmexp train --help"),
    ],
)
def test_the_key_that_is_meant(arguments, setting):
    assert setting in wrong_flag("train", arguments, FLAGS)


def test_a_model_is_the_scorer_of_verbs_that_ask_one():
    assert "write `scorer.path=runs/a`" in wrong_flag("evaluate", ["--model", "runs/a"], FLAGS)


def test_each_stage_that_has_the_key_is_named():
    told = wrong_flag("compare", ["--lr", "1"], FLAGS)
    assert all(f"`{stage}.optimizer.lr=1`" in told for stage in ("sft", "reward", "dpo"))


@pytest.mark.parametrize("arguments", [["-m", "seed=1"], ["--multi"], ["--cfg", "job"], ["data.path=-"], []])
def test_flags_that_there_are(arguments):
    assert wrong_flag("train", arguments, FLAGS) is None


def test_names_of_others_stand_for_keys_that_there_are():
    composed = compose_unchecked("train", ["data=jsonl", "model=hub"])
    keys = key_paths(OmegaConf.to_container(composed.config, resolve=False))
    assert set(ELSEWHERE.values()) <= {*keys, *composed.choices}
