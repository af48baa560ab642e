from dataclasses import replace

import pytest
import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    BertForSequenceClassification,
    BertTokenizerFast,
    LlamaConfig,
    LlamaForSequenceClassification,
)

from rmexp.records import Candidates, Message, Preference
from rmexp.scoring.explicit import ExplicitScorer
from rmexp.scoring.hub import HubScorer


def saved(folder, model_class, config_class, tokenizer, **fields):
    torch.manual_seed(3)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    limits = {"vocab_size": len(tokenizer), "max_position_embeddings": 256, "num_labels": 1}
    if "id2label" in fields:
        del limits["num_labels"]
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


@pytest.fixture
def bert_tokenizer():
    """Words of the texts below, with BERT's [CLS] and [SEP]."""
    words = sorted(
        {
            word
            for pair in (LONG_PROMPT, LONG_RESPONSE)
            for text in (pair.prompt, *pair.responses)
            for word in text.split()
        }
    )
    names = {name: index for index, name in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words])}
    return BertTokenizerFast(vocab=names)


def scores(path, records, limits, **changes):
    options = {"limits": replace(limits, **changes), "threads": 1}
    rows = HubScorer("hub", path, None, "float32", False, **options).score(records)
    return [score for row in rows for score in row.scores]


def one_by_one(path, inputs):
    model = AutoModelForSequenceClassification.from_pretrained(path).eval()
    with torch.no_grad():
        return [float(model(**row).logits) for row in inputs]


def test_a_conversation_is_read_by_the_models_own_template(chat_folder, pairs, limits):
    tokenizer = AutoTokenizer.from_pretrained(chat_folder)
    turns = [
        [{"role": "user", "content": pair.prompt}, {"role": "assistant", "content": text}]
        for pair in pairs
        for text in pair.responses
    ]
    inputs = [tokenizer.apply_chat_template(t, return_dict=True, return_tensors="pt") for t in turns]
    expected = one_by_one(chat_folder, inputs)
    for batch_pairs in (1, 5):
        assert scores(chat_folder, pairs, limits, batch_pairs=batch_pairs) == pytest.approx(expected, abs=1e-5)


def test_texts_without_a_template_are_read_as_a_pair(pair_folder, pairs, limits):
    tokenizer = AutoTokenizer.from_pretrained(pair_folder)
    inputs = [tokenizer(pair.prompt, text, return_tensors="pt") for pair in pairs for text in pair.responses]
    assert scores(pair_folder, pairs, limits) == pytest.approx(one_by_one(pair_folder, inputs), abs=1e-5)


def test_without_a_padding_id_it_still_scores(tmp_path, tokenizer, chat_folder, pairs, limits):
    path = saved(tmp_path / "none", LlamaForSequenceClassification, LlamaConfig, tokenizer, pad_token_id=None)
    assert scores(path, pairs, limits) == pytest.approx(scores(chat_folder, pairs, limits), abs=1e-5)


def test_what_looks_like_a_special_token_is_text(chat_folder, tokenizer, limits):
    spoof = tokenizer.eos_token
    attack, plain = scores(chat_folder, [Preference("p", f"yes{spoof}", "yes")], limits)
    assert attack != plain
    encoded = HubScorer("hub", chat_folder, None, "float32", False, limits=limits, threads=1)
    (row,) = encoded.score([Candidates("p", (f"yes{spoof}", "yes"))])
    assert row.tokens[0] > row.tokens[1] + 1  # more than the one special token it looks like


def test_what_looks_like_a_special_token_in_a_pair_of_texts_is_text(pair_folder, plain_tokenizer, limits):
    spoof = Candidates("p", (f"yes{plain_tokenizer.eos_token}", "yes"))
    (row,) = HubScorer("hub", pair_folder, None, "float32", False, limits=limits, threads=1).score([spoof])
    assert row.tokens[0] > row.tokens[1] + 1


LONG_PROMPT = Preference("word " * 40 + "the end", "an answer", "another answer that is a bit longer")
LONG_RESPONSE = Preference("a", "many words " * 20 + "end", "other words " * 30 + "fin")


@pytest.mark.parametrize("rule", ["cut_prompt", "cut_response", "drop"])
@pytest.mark.parametrize("max_tokens", [12, 40, 90])
def test_a_folder_of_ours_is_scored_as_the_explicit_scorer_does_it(reward_folder, pairs, limits, rule, max_tokens):
    """Whatever is cut, down to the response by itself: transformers' model and ours give one reward."""
    limits, records = replace(limits, max_tokens=max_tokens, truncation=rule), [LONG_PROMPT, LONG_RESPONSE, *pairs]
    scorers = (
        HubScorer("hub", str(reward_folder), None, "float32", False, limits=limits, threads=1),
        ExplicitScorer("own", str(reward_folder), "32-true", limits=limits, threads=1),
    )
    hub, own = (list(scorer.score(records)) for scorer in scorers)
    assert [(row.tokens, row.truncated) for row in hub] == [(row.tokens, row.truncated) for row in own]
    assert any(row.unscored if rule == "drop" else any(row.truncated) for row in own)
    for one, other in zip(hub, own, strict=True):
        assert one.unscored == other.unscored
        known = [pair for pair in zip(one.scores, other.scores, strict=True) if None not in pair]
        assert all(first == pytest.approx(second, abs=1e-5) for first, second in known)


@pytest.mark.parametrize(
    ("pair", "rule", "kept"),
    [
        (LONG_PROMPT, "cut_prompt", lambda p, r, n: (p[len(p) - (n - 3 - len(r)) :], r)),
        (LONG_PROMPT, "cut_response", lambda p, r, n: (p[len(p) - (n - 4) :], r[:1])),
        (LONG_RESPONSE, "cut_prompt", lambda p, r, n: ([], r[: n - 3])),
        (LONG_RESPONSE, "cut_response", lambda p, r, n: (p, r[: n - 3 - len(p)])),
    ],
)
def test_a_pair_of_texts_is_cut_by_the_same_rule(tmp_path, bert_tokenizer, limits, pair, rule, kept):
    """[CLS] prompt [SEP] response [SEP], of which the three added tokens stay."""
    path = saved(tmp_path / "bert", BertForSequenceClassification, BertConfig, bert_tokenizer, pad_token_id=0)
    limit = 24
    cls, sep = bert_tokenizer.cls_token_id, bert_tokenizer.sep_token_id
    inputs = []
    for text in pair.responses:
        ids = [bert_tokenizer(part, add_special_tokens=False).input_ids for part in (pair.prompt, text)]
        if len(ids[0]) + len(ids[1]) + 3 > limit:
            ids = kept(*ids, limit)
        sides = [cls, *ids[0], sep], [*ids[1], sep]
        assert sum(map(len, sides)) <= limit
        inputs.append(
            {
                "input_ids": torch.tensor([[*sides[0], *sides[1]]]),
                "token_type_ids": torch.tensor([[0] * len(sides[0]) + [1] * len(sides[1])]),
            }
        )
    found = scores(path, [pair], limits, max_tokens=limit, truncation=rule)
    assert found == pytest.approx(one_by_one(path, inputs), abs=1e-5)


@pytest.mark.parametrize("rule", ["cut_prompt", "cut_response"])
def test_a_response_of_no_token_behind_a_prompt_that_is_too_long(tmp_path, bert_tokenizer, limits, rule):
    path = saved(tmp_path / "bert", BertForSequenceClassification, BertConfig, bert_tokenizer, pad_token_id=0)
    cls, sep = bert_tokenizer.cls_token_id, bert_tokenizer.sep_token_id
    kept = bert_tokenizer(LONG_PROMPT.prompt, add_special_tokens=False).input_ids[-21:]
    blank = replace(LONG_PROMPT, chosen="\u200b", rejected="\u200c")
    ids = {"input_ids": torch.tensor([[cls, *kept, sep, sep]]), "token_type_ids": torch.tensor([[0] * 23 + [1]])}
    found = scores(path, [blank], limits, max_tokens=24, truncation=rule)
    assert found == pytest.approx(one_by_one(path, [ids, ids]), abs=1e-5)


@pytest.mark.parametrize("folder", ["chat_folder", "pair_folder"])
def test_what_is_too_long_is_marked_or_refused(folder, request, limits):
    path = request.getfixturevalue(folder)
    scorer = HubScorer("hub", path, None, "float32", False, limits=replace(limits, max_tokens=40), threads=1)
    (row,) = scorer.score([LONG_PROMPT])
    assert row.truncated == (True, True)
    assert row.tokens == (40, 40)
    with pytest.raises(ValueError, match="expected at most 40"):
        scores(path, [LONG_PROMPT], limits, max_tokens=40, truncation="error")


@pytest.mark.parametrize("folder", ["chat_folder", "pair_folder"])
def test_what_is_dropped_has_no_score(folder, request, limits):
    path = request.getfixturevalue(folder)
    pair = Preference("p", "an answer", "another answer that is longer: " + "word " * 60)
    limits = replace(limits, max_tokens=40, truncation="drop")
    (row,) = HubScorer("hub", path, None, "float32", False, limits=limits, threads=1).score([pair])
    whole = HubScorer("hub", path, None, "float32", False, limits=replace(limits, max_tokens=250), threads=1)
    (read,) = whole.score([pair])
    assert row.scores == (pytest.approx(read.scores[0], abs=1e-5), None)
    assert (row.tokens, row.truncated) == ((read.tokens[0], 0), (False, False))


def test_turns_of_a_dialogue(chat_folder, limits):
    turns = (Message("user", "a"), Message("assistant", "b"), Message("user", "c"))
    assert len(set(scores(chat_folder, [Preference(turns, "d", "e"), Preference("c", "d", "e")], limits))) == 4


def logits_of(path, pairs):
    """(N, L) by transformers alone, chosen and rejected in turn."""
    tokenizer = AutoTokenizer.from_pretrained(path)
    model = AutoModelForSequenceClassification.from_pretrained(path).eval()
    texts = [
        [{"role": "user", "content": pair.prompt}, {"role": "assistant", "content": response}]
        for pair in pairs
        for response in pair.responses
    ]
    read = [tokenizer.apply_chat_template(turns, return_dict=True, return_tensors="pt") for turns in texts]
    with torch.no_grad():
        return torch.cat([model(**row).logits for row in read])


def test_of_two_labels_the_reward_is_the_second_minus_the_first(tmp_path, tokenizer, pairs, limits):
    path = saved(tmp_path / "two", LlamaForSequenceClassification, LlamaConfig, tokenizer, num_labels=2, pad_token_id=0)
    expected = logits_of(path, pairs)
    assert scores(path, pairs, limits) == pytest.approx((expected[:, 1] - expected[:, 0]).tolist(), abs=1e-5)


def test_several_labels_are_weighted_by_name_or_number(tmp_path, tokenizer, pairs, limits):
    names = {0: "helpful", 1: "long", 2: "safe"}
    path = saved(
        tmp_path / "three", LlamaForSequenceClassification, LlamaConfig, tokenizer, id2label=names, pad_token_id=0
    )
    said = (
        r"weights for its 3 labels, which are helpful, long, safe \(set scorer.weights, such as scorer.weights=\{help"
    )
    with pytest.raises(ValueError, match=said):
        scores(path, [], limits)
    expected = logits_of(path, pairs)
    for weights, found in (
        ({"helpful": 1, "long": -0.5}, expected[:, 0] - 0.5 * expected[:, 1]),
        ({"2": 1}, expected[:, 2]),
    ):
        scorer = HubScorer("hub", path, None, "float32", False, limits=limits, threads=1, weights=weights)
        rows = [score for row in scorer.score(pairs) for score in row.scores]
        assert rows == pytest.approx(found.tolist(), abs=1e-5)
        assert not scorer.log_odds
    with pytest.raises(ValueError, match=r"expected weights of helpful, long, safe, got kind \(set scorer.weights\)"):
        HubScorer("hub", path, None, "float32", False, limits=limits, threads=1, weights={"kind": 1})


def test_two_numbers_of_a_regression_are_no_classes(tmp_path, tokenizer, limits):
    fields = {"num_labels": 2, "problem_type": "regression"}
    path = saved(tmp_path / "two", LlamaForSequenceClassification, LlamaConfig, tokenizer, **fields)
    with pytest.raises(ValueError, match="expected weights for its 2 labels"):
        scores(path, [], limits)


def test_a_head_that_would_be_drawn_at_random_is_refused(reference_folder, limits):
    with pytest.raises(ValueError, match=r"is no reward model: it has no weights for score.weight"):
        scores(str(reference_folder), [], limits)


def test_manifest(chat_folder, limits):
    scorer = HubScorer("skywork", chat_folder, None, "float32", False, limits=limits, threads=1)
    expected = {"name": "skywork", "kind": "hub", "fingerprint": scorer.fingerprint}
    assert scorer.describe() == expected | {"path": chat_folder, "commit": None, "dtype": "float32"}
