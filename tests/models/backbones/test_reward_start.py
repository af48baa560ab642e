"""Reward models of several families and with heads of several names; none of them comes from rmexp."""

import logging

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    GPT2Config,
    LlamaConfig,
    LlamaForCausalLM,
    ModernBertConfig,
    Qwen2Config,
    RobertaConfig,
    XLNetConfig,
)

from rmexp.encoding.batches import ResponseBatch
from rmexp.models.backbones.backbone import language_model
from rmexp.models.backbones.encoder import encoder
from rmexp.models.backbones.found_head import NAMES
from rmexp.models.backbones.hub import hub
from rmexp.models.backbones.language_model import LanguageModel
from rmexp.models.backbones.reward_start import RewardStart
from rmexp.models.folders.folder import load_language_model, load_reward_model, load_start, save_folder
from rmexp.models.pooling import own_tokens
from rmexp.models.reward_model import RewardModel

OPTIONS = {"revision": None, "dtype": "float32", "trust_remote_code": False}
WIDE = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
SPECIAL = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
SIZES = {**WIDE, **SPECIAL, "vocab_size": 300, "max_position_embeddings": 256, "num_labels": 1}
DECODERS = {
    "llama": LlamaConfig(**SIZES, num_key_value_heads=2, tie_word_embeddings=False),
    "qwen2": Qwen2Config(**SIZES, num_key_value_heads=1, tie_word_embeddings=True),
    "gpt2": GPT2Config(vocab_size=300, n_embd=16, n_layer=2, n_head=2, n_positions=256, num_labels=1, **SPECIAL),
}
ENCODERS = {
    "bert": BertConfig(**SIZES),
    "roberta": RobertaConfig(**SIZES),
    "deberta": DebertaV2Config(**SIZES, relative_attention=True, type_vocab_size=0, pooler_hidden_size=16),
    "distilbert": DistilBertConfig(
        vocab_size=300, dim=16, hidden_dim=32, n_layers=2, n_heads=2, max_position_embeddings=256, num_labels=1
    ),
    "modernbert": ModernBertConfig(**SIZES, global_attn_every_n_layers=2, cls_token_id=1, sep_token_id=2),
    "modernbert_mean": ModernBertConfig(
        **SIZES, global_attn_every_n_layers=2, cls_token_id=1, sep_token_id=2, classifier_pooling="mean"
    ),
}


def classifier_folder(config, tokenizer, path):
    """A classifier with one label, as transformers saves it."""
    torch.manual_seed(0)
    classifier = AutoModelForSequenceClassification.from_config(config).eval()
    classifier.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return classifier, str(path)


@torch.no_grad()
def logits(classifier, batch: ResponseBatch):
    mask = own_tokens(batch.lengths, int(batch.lengths.max())).long()
    return classifier(input_ids=batch.token_ids[batch.places()] * mask, attention_mask=mask).logits.squeeze(1)


@pytest.mark.parametrize("family", [*DECODERS, *ENCODERS])
def test_a_classifier_of_transformers_goes_on_with_its_head(family, tokenizer, batch, tmp_path):
    classifier, folder = classifier_folder((DECODERS | ENCODERS)[family], tokenizer, tmp_path / "others")
    expected = logits(classifier, batch)
    start = hub((), 0, path=folder, **OPTIONS)
    assert isinstance(start, RewardStart)
    assert start.head.name == ("score" if family in DECODERS else "classifier")
    pooling = {"modernbert_mean": "mean"} | dict.fromkeys(DECODERS, "last_token")
    assert start.pooling == pooling.get(family, "first_token")
    model = RewardModel(start.body, start.head.layer, pooling=start.pooling, mask_padding=start.mask_padding).eval()
    with torch.no_grad():
        torch.testing.assert_close(model(batch), expected, rtol=1e-4, atol=1e-5)
    model.save(tmp_path / "ours")
    tokenizer.save_pretrained(tmp_path / "ours")
    again = AutoModelForSequenceClassification.from_pretrained(tmp_path / "ours").eval()
    torch.testing.assert_close(logits(again, batch), expected, rtol=1e-4, atol=1e-5)
    with torch.no_grad():
        torch.testing.assert_close(model(batch), expected, rtol=1e-4, atol=1e-5)  # it is as it was before it was saved
        loaded = load_reward_model(str(tmp_path / "ours"))[0].eval()
        torch.testing.assert_close(loaded(batch), expected, rtol=1e-4, atol=1e-5)


def test_a_classifier_that_reads_more_than_one_state_is_refused(tokenizer, tmp_path):
    config = XLNetConfig(vocab_size=300, d_model=16, n_layer=1, n_head=2, d_inner=16, num_labels=1)
    _, folder = classifier_folder(config, tokenizer, tmp_path)
    with pytest.raises(ValueError, match=r"which rmexp cannot go on with \(scorer=hub scores with it\)"):
        hub((), 0, path=folder, **OPTIONS)


@pytest.fixture
def others(tokenizer, tmp_path):
    """A Llama of others with further tensors, or without its language-model head."""
    torch.manual_seed(0)
    causal_lm = LlamaForCausalLM(LlamaConfig(**SIZES, num_key_value_heads=2, tie_word_embeddings=False))

    def make(tensors, *, policy=False, binary=False):
        causal_lm.save_pretrained(tmp_path)
        tokenizer.save_pretrained(tmp_path)
        weights = load_file(tmp_path / "model.safetensors") | tensors
        if not policy:
            del weights["lm_head.weight"]
        if binary:
            (tmp_path / "model.safetensors").unlink()
            torch.save(weights, tmp_path / "pytorch_model.bin")
        else:
            save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
        return str(tmp_path)

    return make


@pytest.mark.parametrize("name", [*NAMES, "v_head.summary", "model.rm_head"])
@pytest.mark.parametrize("binary", [False, True])
def test_a_head_by_any_name_is_found(others, name, binary):
    weight = torch.randn(1, 16)
    start = hub((), 0, path=others({f"{name}.weight": weight}, binary=binary), **OPTIONS)
    assert isinstance(start, RewardStart)
    assert start.head.name == name
    assert torch.equal(start.head.layer.weight, weight)
    assert start.head.layer.bias is None


@torch.no_grad()
def test_a_bias_is_kept(others, batch, tokenizer, make_contract, tmp_path):
    tensors = {"v_head.summary.weight": torch.randn(1, 16), "v_head.summary.bias": torch.tensor([3.0])}
    folder = others(tensors)
    model = load_reward_model(folder)[0].eval()
    hidden = model.features(batch)
    torch.testing.assert_close(model(batch), hidden @ tensors["v_head.summary.weight"][0] + 3.0)
    save_folder(tmp_path / "ours", model.save, tokenizer, make_contract("reward_model", pooling="last_token"))
    loaded = load_reward_model(str(tmp_path / "ours"))[0].eval()
    assert loaded.packed
    assert torch.equal(loaded(batch), model(batch))
    again = load_start(lambda path: hub((), 0, path=path, **OPTIONS), str(tmp_path / "ours"))
    assert float(again.head.layer.bias) == 3.0


def test_a_policy_with_a_value_head_is_both(others, caplog):
    folder = others({"v_head.summary.weight": torch.ones(1, 16), "v_head.summary.bias": torch.zeros(1)}, policy=True)
    start = hub((), 0, path=folder, **OPTIONS)
    assert isinstance(start, LanguageModel)
    assert language_model(start, "dpo").head.name == "v_head.summary"
    assert torch.equal(load_reward_model(folder)[0].head.weight, torch.ones(1, 16))


def test_a_head_of_several_layers_is_refused(others):
    folder = others({"score.0.weight": torch.ones(16, 16), "score.2.weight": torch.ones(1, 16)})
    with pytest.raises(ValueError, match=r"a head of one linear layer, got one of score.0.weight, score.2.weight"):
        hub((), 0, path=folder, **OPTIONS)


def test_a_head_that_gives_no_reward_is_left_out_with_a_word(others, tokenizer, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    assert hub((), 0, path=others({"score.weight": torch.ones(5, 16)}, policy=True), **OPTIONS).head is None
    assert "its head `score` has 5 outputs, so it gives no reward and is left out" in caplog.text
    config = BertConfig(**(SIZES | {"num_labels": 3}))
    _, folder = classifier_folder(config, tokenizer, tmp_path / "bert")
    assert encoder((), 0, path=folder, pooling="mean", **OPTIONS).head is None
    assert "its head `classifier` has 3 outputs" in caplog.text


@pytest.mark.parametrize("family", ["llama", "qwen2"])
def test_no_policy_is_made_of_a_reward_model(family, tokenizer, tmp_path):
    _, folder = classifier_folder(DECODERS[family], tokenizer, tmp_path)
    start = hub((), 0, path=folder, **OPTIONS)
    with pytest.raises(
        ValueError, match=r"task=dpo needs a language model, but .* is a reward model: it gives rewards"
    ):
        language_model(start, "dpo")
    with pytest.raises(ValueError, match=r"expected a language model, but it is a reward model"):
        load_language_model(folder)


def test_the_pooling_of_an_encoder_has_to_be_that_of_its_head(tokenizer, tmp_path):
    _, folder = classifier_folder(ENCODERS["bert"], tokenizer, tmp_path)
    with pytest.raises(ValueError, match=r"reads the first_token, but model.pooling is mean \(set model.pooling=first"):
        encoder((), 0, path=folder, pooling="mean", **OPTIONS)
    assert encoder((), 0, path=folder, pooling="first_token", **OPTIONS).head.name == "classifier"


def named_folder(tokenizer, path, **tensors):
    """A language model whose files also have tensors of names that nobody knows."""
    torch.manual_seed(0)
    causal_lm = LlamaForCausalLM(DECODERS["llama"])
    causal_lm.save_pretrained(path)
    tokenizer.save_pretrained(path)
    save_file(tensors, path / "reward.safetensors", {"format": "pt"})
    return causal_lm.eval(), str(path)


@pytest.mark.parametrize("shape", [(1, 16), (16,), (16, 1)])
def test_a_head_of_its_own_names_is_mapped(tokenizer, batch, tmp_path, shape):
    weight, bias = torch.randn(16, generator=torch.Generator().manual_seed(0)), torch.tensor([0.5])
    tensors = {"rm.out.kernel": weight.reshape(shape), "rm.out.shift": bias}
    causal_lm, folder = named_folder(tokenizer, tmp_path / "others", **tensors)
    names = {"weight": "rm.out.kernel", "bias": "rm.out.shift"}
    model, _ = load_reward_model(folder, head_names=names)
    mask = own_tokens(batch.lengths, int(batch.lengths.max())).long()
    with torch.no_grad():
        hidden = causal_lm.model(input_ids=batch.token_ids[batch.places()] * mask).last_hidden_state
        last = hidden[torch.arange(batch.size), batch.lengths - 1]
        assert torch.allclose(model.eval()(batch), last @ weight + bias, atol=1e-5)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"weight": "no"}, r"expected a tensor no in its files, got none; those of a head's size are .*rm.out"),
        ({"weight": "lm_head.weight"}, r"expected a head of shape \(1, 16\), but lm_head.weight has \(300, 16\)"),
        ({"weights": "rm.out"}, "scorer.head must have the keys weight and, if need be, bias, got weights"),
    ],
)
def test_a_head_that_is_not_there_is_a_sentence(tokenizer, tmp_path, names, said):
    _, folder = named_folder(tokenizer, tmp_path / "others", **{"rm.out": torch.ones(16)})
    with pytest.raises(ValueError, match=said):
        load_reward_model(folder, head_names=names)
