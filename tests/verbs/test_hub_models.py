"""Local model folders of several families: trained, saved, loaded by transformers, scored the same."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    AutoModelForSequenceClassification,
    Gemma2Config,
    Gemma2ForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from rmexp.cli import main
from rmexp.models.backbones.pretrained import dtype_of_files
from rmexp.models.backbones.tiny import train_tokenizer
from rmexp.models.folders.saved_type import cast_files

SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
GROUPED = SMALL | {"num_key_value_heads": 1, "head_dim": 16}
FAMILIES = {
    "gpt2": lambda size: GPT2LMHeadModel(GPT2Config(vocab_size=size, n_embd=32, n_layer=2, n_head=2, n_positions=512)),
    "qwen3": lambda size: Qwen3ForCausalLM(Qwen3Config(vocab_size=size, **GROUPED)),
    "gemma2": lambda size: Gemma2ForCausalLM(Gemma2Config(vocab_size=size, **GROUPED)),
}


DATA = ["data=jsonl", "data.path=pairs.jsonl", "data.batch_pairs=4", "data.max_tokens=128"]
QUICK = ["trainer=smoke", "logger=csv", "run_dir=run"]


@pytest.fixture
def hub_folder(here):
    """Writes a folder of a family, and pairs; their overrides."""

    def write(family):
        tokenizer = train_tokenizer(["Some text to learn from, and some more of it."], 300, 512)
        torch.manual_seed(0)
        FAMILIES[family](len(tokenizer)).save_pretrained("hub")
        tokenizer.save_pretrained("hub")
        rows = [{"prompt": f"Question {i}?", "chosen": f"yes {i} yes", "rejected": f"no {i}"} for i in range(12)]
        Path("pairs.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
        return [*DATA, "model=hub", "model.path=hub", *QUICK]

    return write


def assert_loads(folder):
    """As a reward model that transformers reads by itself."""
    classifier, loading = AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True)
    assert not loading["missing_keys"]
    assert not loading["unexpected_keys"]
    assert classifier.config.num_labels == 1
    contract = json.loads((folder / "contract.json").read_text())
    assert (contract["base_model"], contract["pooling"]) == ("hub", "last_token")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_reward_model_trains_and_loads(hub_folder, family):
    assert main(["train", "task=reward", *hub_folder(family)]) == 0
    assert_loads(Path("run/model"))


@pytest.mark.slow
@pytest.mark.parametrize("family", ["qwen3", "gemma2", "gpt2"])
def test_the_whole_comparison_runs_and_its_models_load(hub_folder, family):
    assert main(["compare", *hub_folder(family)]) == 0
    assert_loads(Path("run/reward/model"))


@pytest.mark.parametrize("task", ["reward", "dpo"])
def test_weights_are_saved_in_the_type_that_they_came_in_and_figures_are_theirs(hub_folder, task):
    given = hub_folder("qwen3")
    folder = Path("hub")
    cast_files(folder, "bfloat16")
    assert main(["train", f"task={task}", "optimizer.lr=1e-2", *given]) == 0
    contract, summary = (
        json.loads(Path(f"run/{name}").read_text()) for name in ("model/contract.json", "summary.json")
    )
    assert contract["dtype"] == dtype_of_files(Path("run/model")) == "bfloat16"
    (row,) = [row for row in summary["evaluation"] if row["slice"] is None]
    assert summary["val"]["loss"] == pytest.approx(row["nll"], rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["reward", "dpo"])
def test_an_adapter_on_a_base_in_half_precision_agrees_with_the_merged_model(hub_folder, parity_here, task):
    pytest.importorskip("peft", reason="the extra lora is not installed")
    given = hub_folder("qwen3")
    cast_files(Path("hub"), "bfloat16")
    assert main(["train", f"task={task}", "model.trained=adapters", "optimizer.lr=0.05", *given]) == 0
    scorer = "explicit" if task == "reward" else "implicit"
    for name, path in (("out", "run/adapter"), ("apart", "run/adapter"), ("whole", "run/model")):
        merge = ["merge=false"] if name == "apart" else []
        assert main(["export", f"path={path}", f"out={name}", *merge, f"run_dir=export_{name}"]) == 0
    rewards = {}
    for folder in ("run/model", "run/adapter", "out", "apart", "whole"):
        own = [f"scorer={scorer}", f"scorer.{'path' if task == 'reward' else 'policy'}={folder}"]
        own += [] if task == "reward" else ["scorer.reference=hub"]
        assert main(["score", *own, *DATA, "data.val_fraction=0.5", "run_dir=scored_" + folder.replace("/", "_")]) == 0
        rows = Path("scored_" + folder.replace("/", "_"), "scored/all.jsonl").read_text().splitlines()
        rewards[folder] = [score for row in rows for score in json.loads(row)["scores"]]
    for folder in rewards:
        assert rewards[folder] == pytest.approx(rewards["run/model"], abs=1e-5), folder
    assert max(rewards["run/model"]) - min(rewards["run/model"]) > 1e-2
    assert {values.dtype for values in load_file("run/adapter/adapter_model.safetensors").values()} == {torch.float32}


def test_a_policy_has_no_reward_head_to_train(hub_folder, capsys):
    assert main(["train", "task=dpo", "model.trained=head", *hub_folder("qwen3")]) == 1
    assert (
        "so task=dpo has nothing to train (set model.trained to all or adapters, got head)" in capsys.readouterr().err
    )
