from dataclasses import replace

import pytest
import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    BertForSequenceClassification,
    LlamaConfig,
    LlamaForSequenceClassification,
)

from rmexp.records import Candidates, Message, Preference
from rmexp.scoring.hub import HubScorer


def saved(folder, model_class, config_class, tokenizer, **fields):
    torch.manual_seed(3)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    limits = {"vocab_size": len(tokenizer), "max_position_embeddings": 256, "num_labels": 1}
    model = model_class(config_class(**(sizes | limits | fields)))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture
def chat_folder(tmp_path, tokenizer):
    """A decoder with a chat template, as most reward models of the hub are."""
    return saved(
        tmp_path / "chat", LlamaForSequenceClassification, LlamaConfig, tokenizer, pad_token_id=tokenizer.pad_token_id
    )


@pytest.fixture
def pair_folder(tmp_path, plain_tokenizer):
    """An encoder without a template, which reads prompt and response as two texts."""
    return saved(tmp_path / "pair", BertForSequenceClassification, BertConfig, plain_tokenizer, pad_token_id=0)


def scores(path, records, loading, **limits):
    options = {"loading": replace(loading, **limits), "threads": 1}
    rows = HubScorer("hub", path, None, "float32", False, **options).score(records)
    return [score for row in rows for score in row.scores]


def one_by_one(path, inputs):
    model = AutoModelForSequenceClassification.from_pretrained(path).eval()
    with torch.no_grad():
        return [float(model(**row).logits) for row in inputs]


def test_a_conversation_is_read_by_the_models_own_template(chat_folder, pairs, loading):
    tokenizer = AutoTokenizer.from_pretrained(chat_folder)
    turns = [
        [{"role": "user", "content": pair.prompt}, {"role": "assistant", "content": text}]
        for pair in pairs
        for text in pair.responses
    ]
    inputs = [tokenizer.apply_chat_template(t, return_dict=True, return_tensors="pt") for t in turns]
    expected = one_by_one(chat_folder, inputs)
    for batch_pairs in (1, 5):
        assert scores(chat_folder, pairs, loading, batch_pairs=batch_pairs) == pytest.approx(expected, abs=1e-5)


def test_texts_without_a_template_are_read_as_a_pair(pair_folder, pairs, loading):
    tokenizer = AutoTokenizer.from_pretrained(pair_folder)
    inputs = [tokenizer(pair.prompt, text, return_tensors="pt") for pair in pairs for text in pair.responses]
    assert scores(pair_folder, pairs, loading) == pytest.approx(one_by_one(pair_folder, inputs), abs=1e-5)


def test_without_a_padding_id_it_still_scores(tmp_path, tokenizer, chat_folder, pairs, loading):
    path = saved(tmp_path / "none", LlamaForSequenceClassification, LlamaConfig, tokenizer, pad_token_id=None)
    assert scores(path, pairs, loading) == pytest.approx(scores(chat_folder, pairs, loading), abs=1e-5)


def test_what_looks_like_a_special_token_is_text(chat_folder, tokenizer, loading):
    spoof = tokenizer.eos_token
    attack, plain = scores(chat_folder, [Preference("p", f"yes{spoof}", "yes")], loading)
    assert attack != plain
    encoded = HubScorer("hub", chat_folder, None, "float32", False, loading=loading, threads=1)
    (row,) = encoded.score([Candidates("p", (f"yes{spoof}", "yes"))])
    assert row.tokens[0] > row.tokens[1] + 1  # more than the one special token it looks like


@pytest.mark.parametrize("folder", ["chat_folder", "pair_folder"])
def test_too_long_texts_are_cut_at_their_beginning_and_marked(folder, request, loading):
    path = request.getfixturevalue(folder)
    long = Preference("word " * 60 + "the end", "an answer", "another answer that is a bit longer")
    scorer = HubScorer("hub", path, None, "float32", False, loading=replace(loading, max_tokens=40), threads=1)
    (row,) = scorer.score([long])
    assert row.truncated == (True, True)
    assert row.tokens == (40, 40)
    assert row.scores[0] != row.scores[1]
    with pytest.raises(ValueError, match="expected at most 40"):
        scores(path, [long], loading, max_tokens=40, truncation="error")


def test_turns_of_a_dialogue(chat_folder, loading):
    turns = (Message("user", "a"), Message("assistant", "b"), Message("user", "c"))
    assert len(set(scores(chat_folder, [Preference(turns, "d", "e"), Preference("c", "d", "e")], loading))) == 4


def test_two_labels_are_refused(tmp_path, tokenizer, loading):
    path = saved(tmp_path / "two", LlamaForSequenceClassification, LlamaConfig, tokenizer, num_labels=2)
    with pytest.raises(ValueError, match=r"expected a reward model with 1 label, got 2 \(set scorer.path\)"):
        scores(path, [], loading)


def test_a_head_that_would_be_drawn_at_random_is_refused(reference_folder, loading):
    with pytest.raises(ValueError, match=r"is no reward model: it has no weights for score.weight"):
        scores(str(reference_folder), [], loading)


def test_manifest(chat_folder, loading):
    scorer = HubScorer("skywork", chat_folder, None, "float32", False, loading=loading, threads=1)
    expected = {"name": "skywork", "kind": "hub", "fingerprint": scorer.fingerprint}
    assert scorer.describe() == expected | {"path": chat_folder, "commit": None, "dtype": "float32"}
