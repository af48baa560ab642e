"""Backbones other than a decoder from scratch: an encoder, and a language model after pre-training on plain text."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertModel, BertTokenizer

from rmexp.cli import main
from rmexp.models.folders.conversation_template import EXAMPLES
from rmexp.models.folders.export import prepare_export
from rmexp.models.folders.parity import own_scores
from rmexp.models.folders.trained_on import read_trained_on

STORY = " ".join(f"On day {day} it rained. Then it stopped, and nobody knew why." for day in range(99))
FEW = ["data.pairs=40", "data.unseen_pairs=10"]
ANSWERS = ["yes it is", "no", "it is not known", "ask somebody else about that"]


@pytest.fixture
def bert(here):
    words = "question yes it is no not known ask somebody else about that 0 1 2 3 4 5 6 7 8 9 ?".split()  # noqa: SIM905
    Path("words.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]))
    BertTokenizer("words.txt").save_pretrained("bert")
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    BertModel(BertConfig(vocab_size=5 + len(words), max_position_embeddings=64, **sizes)).save_pretrained("bert")
    rows = [
        {"prompt": f"question {number}?", "chosen": ANSWERS[i], "rejected": ANSWERS[j]}
        for number in range(10)
        for i, j in ((0, 1), (0, 2), (2, 1), (3, 0))
    ]
    Path("pairs.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    data = ["data=jsonl", "data.path=pairs.jsonl", "data.batch_pairs=8", "data.batch_by=prompt", "data.max_tokens=32"]
    return [*data, "model=encoder", "model.path=bert", "logger=csv", "run_dir=run"]


@pytest.mark.parametrize("pooling", ["mean", "first_token", "last_token"])
def test_an_encoder_trains_and_scores_as_in_training(bert, pooling):
    assert main(["train", "task=reward", *bert, f"model.pooling={pooling}"]) == 0
    summary = json.loads(Path("run/summary.json").read_text())
    contract = json.loads(Path("run/model/contract.json").read_text())
    assert contract["pooling"] == pooling
    data = [option for option in bert if option.startswith("data")]
    assert main(["score", "scorer=explicit", "scorer.path=run/model", *data, "run_dir=scores"]) == 0
    rows = [json.loads(line) for line in Path("scores/scored/all.jsonl").read_text().splitlines()]
    again = {row["id"]: row["scores"] for row in rows}
    trained = [json.loads(line) for line in Path("run/scored/val.jsonl").read_text().splitlines()]
    assert len(trained) == summary["val"]["n"] == 8
    for row in trained:
        assert row["scores"] == pytest.approx(again[row["id"]], abs=1e-5)
    right = [row["scores"][0] > row["scores"][1] for row in trained]
    assert summary["val"]["accuracy"] == pytest.approx(sum(right) / len(right))


@pytest.mark.parametrize("command", [["train", "task=sft"], ["train", "task=dpo"], ["compare"]])
def test_an_encoder_predicts_no_tokens(bert, command, capsys):
    assert main([*command, *bert]) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "needs a language model, but bert is an encoder" in error


def test_a_language_model_learns_from_plain_text_and_a_reward_model_starts_from_it(here, capsys):
    Path("a.txt").write_text(STORY)
    text = ["data=text", "data.paths=[a.txt]", "data.passage_characters=80"]
    assert main(["train", "task=sft", *text, "trainer=smoke", "logger=csv", "run_dir=lm"]) == 0
    assert "demonstrations" in capsys.readouterr().out
    summary = json.loads(Path("lm/summary.json").read_text())
    assert summary["val"]["accuracy"] is None
    assert summary["train"]["n"] == 48  # three batches of 16
    assert summary["val"]["loss"] == pytest.approx(summary["train"]["loss"], rel=0.2)
    assert summary["account"]["train"]["kept"] == summary["train_demonstrations"]
    train = ["train", "task=reward", *FEW, "model.reference=lm/model", "trainer=smoke", "logger=csv"]
    assert main([*train, "run_dir=rm"]) == 0


@pytest.mark.parametrize("task", ["reward", pytest.param("dpo", marks=pytest.mark.slow)])
def test_adapters_are_saved_merged_and_by_themselves(here, parity_here, task):
    pytest.importorskip("peft", reason="the extra lora is not installed")
    smoke = [*FEW, "trainer=smoke", "logger=csv", "data.cache_dir=null"]
    assert main(["train", "task=sft", *smoke, "run_dir=start"]) == 0
    adapters = ["model.reference=start/model", "model.trained=adapters", "optimizer.lr=0.02"]
    assert main(["train", f"task={task}", *adapters, *smoke, "run_dir=run"]) == 0
    merged = prepare_export("run/model", EXAMPLES)
    alone = prepare_export("run/adapter", EXAMPLES, merge=False)
    assert own_scores(alone, EXAMPLES).scores == pytest.approx(own_scores(merged, EXAMPLES).scores, abs=1e-4)
    learnt = [values for name, values in load_file("run/adapter/adapter_model.safetensors").items() if "lora_B" in name]
    assert len(learnt) == 2 * 7
    assert all(values.abs().max() > 1e-3 for values in learnt)
    assert main(["export", "path=run/adapter", "out=out", "merge=false", "run_dir=export"]) == 0
    assert not Path("out/model.safetensors").exists()
    assert "from peft import AutoPeft" in Path("out/README.md").read_text()
    for folder in ("run/adapter", "out"):  # what it was trained on goes along, and is the merged model's too
        assert read_trained_on(folder).fingerprint() == read_trained_on("run/model").fingerprint()
        assert merged.trained_on.fingerprint() == alone.trained_on.fingerprint()


@pytest.mark.parametrize("command", [["train", "task=reward"], ["train", "task=dpo"], ["compare"]])
def test_demonstrations_teach_no_preference(here, command, capsys):
    Path("a.txt").write_text(STORY)
    assert main([*command, "data=text", "data.paths=[a.txt]", "data.passage_characters=80", "run_dir=run"]) == 1
    assert "but data=text has demonstrations (set data" in capsys.readouterr().err
