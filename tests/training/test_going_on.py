"""A step of rate 0 leaves every reward of a reward model as it was, whoever made it."""

import copy
from functools import partial
from pathlib import Path

import lightning as L
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    BertModel,
    DebertaV2Config,
    LlamaConfig,
    Qwen2Config,
)

from rmexp.encoding.encode import Encoder
from rmexp.encoding.splits import encode_pairs
from rmexp.encoding.tokenizer_identity import tokenizer_fields
from rmexp.losses.bradley_terry import bradley_terry_loss
from rmexp.models.backbones.encoder import encoder
from rmexp.models.backbones.hub import hub
from rmexp.models.backbones.trained_weights import choose_trained
from rmexp.models.folders.adapter import merged_adapter, save_adapter
from rmexp.models.folders.folder import load_start, save_folder
from rmexp.models.reward_model import RewardModel
from rmexp.scoring.explicit import ExplicitScorer
from rmexp.training.data.loader import Passes
from rmexp.training.data.pair_data import PairData
from rmexp.training.pairs import Pairs
from rmexp.training.reward import RewardModule
from rmexp.training.schedules import constant

SLOW = pytest.mark.slow
OPTIONS = {"revision": None, "dtype": "float32", "trust_remote_code": False}
SIZES = {
    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": 320,
    "max_position_embeddings": 256, "num_labels": 1, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
OTHERS = {
    "llama": LlamaConfig(**SIZES, num_key_value_heads=2, tie_word_embeddings=False),
    "qwen2": Qwen2Config(**SIZES, num_key_value_heads=1),
    "deberta": DebertaV2Config(**SIZES, relative_attention=True, type_vocab_size=0, pooler_hidden_size=16),
}
FAMILIES = ("own", "own_encoder", "v_head", "adapter", *OTHERS)
ADAPTERS = {"rank": 2, "alpha": 4, "modules": "all-linear"}


@pytest.fixture
def folder(request, tmp_path, reward_folder, tokenizer, make_contract):
    """A reward model of a family: as rmexp left it, or as others did."""
    path, family = tmp_path / "start", request.param
    torch.manual_seed(0)
    if family == "own":
        return str(reward_folder)
    if family in OTHERS:
        AutoModelForSequenceClassification.from_config(OTHERS[family]).save_pretrained(path)
    elif family == "v_head":  # as TRL calls it, with a bias
        AutoModelForSequenceClassification.from_config(OTHERS["llama"]).base_model.save_pretrained(path)
        weights = load_file(path / "model.safetensors")
        head = {"v_head.summary.weight": torch.randn(1, 16), "v_head.summary.bias": torch.tensor([2.0])}
        save_file(weights | head, path / "model.safetensors", {"format": "pt"})
    elif family == "own_encoder":
        body = BertModel(BertConfig(**SIZES), add_pooling_layer=False)
        model = RewardModel(body, pooling="mean", mask_padding=True)
        save_folder(path, model.save, tokenizer, make_contract("reward_model", pooling="mean"))
    else:
        _adapter(path, reward_folder, tokenizer)
    tokenizer.save_pretrained(path)
    return str(path)


def _adapter(path, base, tokenizer):
    pytest.importorskip("peft", reason="the extra lora is not installed")
    start = hub((), 0, path=str(base), **OPTIONS)
    choose_trained(start.body, "adapters", ADAPTERS)
    for name, weight in start.body.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    model = RewardModel(start.body, copy.deepcopy(start.head.layer))
    torch.nn.init.normal_(model.head.weight)
    save_adapter(path, model, str(base), None, tokenizer)


def rewards(path, limits, pairs):
    if (Path(path) / "adapter_config.json").is_file():
        with merged_adapter(path) as whole:
            return rewards(whole, limits, pairs)
    scorer = ExplicitScorer("explicit", path, "32-true", limits=limits, threads=1)
    return [score for row in scorer.score(pairs) for score in row.scores]


def read(path):
    """As the model groups `hub` and `encoder` do."""
    config = Path(path, "config.json").read_text()
    for family, pooling in (("bert", "mean"), ("deberta-v2", "first_token")):
        if f'"model_type": "{family}"' in config:
            return encoder((), 0, path=path, pooling=pooling, **OPTIONS)
    return hub((), 0, path=path, **OPTIONS)


def learnt(start, lr, trained, data, tmp_path):
    """A reward module after one step."""
    choose_trained(start.body, trained, ADAPTERS)
    optimizer, schedule = partial(torch.optim.AdamW, lr=lr), partial(constant, warmup_fraction=0.0)
    module = RewardModule(start, bradley_terry_loss, optimizer, schedule, head_lr_factor=1.0)
    quiet = {"enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = L.Trainer(max_epochs=1, accelerator="cpu", logger=False, default_root_dir=tmp_path, **quiet)
    trainer.fit(module, PairData(data, Passes(1, 0), batch_tokens=None, packed=module.packed))
    return module


@pytest.mark.parametrize("folder", FAMILIES, indirect=True)
@pytest.mark.parametrize(
    "trained", ["all", *(pytest.param(part, marks=pytest.mark.slow) for part in ("adapters", "head"))]
)
def test_a_step_of_rate_0_leaves_every_reward_as_it_was(folder, trained, limits, pairs, make_contract, tmp_path):
    if trained == "adapters":
        pytest.importorskip("peft", reason="the extra lora is not installed")
    before, after = rewards(folder, limits, pairs), {}
    for lr in (0.0, 0.01):
        start = load_start(read, folder)
        encoded = encode_pairs(pairs, Encoder(start.tokenizer, limits))[0]
        module = learnt(start, lr, trained, Pairs(encoded[:8], encoded[8:], 8), tmp_path)
        contract = make_contract("reward_model", pooling=module.pooling, **tokenizer_fields(start.tokenizer))
        save_folder(tmp_path / str(lr), module.save, start.tokenizer, contract)
        after[lr] = rewards(str(tmp_path / str(lr)), limits, pairs)
    assert after[0.0] == pytest.approx(before, abs=1e-5)
    assert after[0.01] != pytest.approx(before, abs=1e-4)
