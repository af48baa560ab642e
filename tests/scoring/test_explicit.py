import copy
from dataclasses import replace

import pytest
import torch
from transformers import AutoModelForSequenceClassification

from rmexp.encoding.pack import batches_of_tokens
from rmexp.models.backbones.location import folder_fingerprint
from rmexp.records import Candidates
from rmexp.scoring.explicit import ExplicitScorer


@pytest.fixture
def scorer(reward_folder, limits):
    return lambda **changes: ExplicitScorer(
        "explicit", str(reward_folder), "auto", limits=replace(limits, **changes), threads=1
    )


def scores(scorer, records):
    return [score for row in scorer.score(records) for score in row.scores]


def test_transformers_gives_the_same_rewards_one_by_one(scorer, reward_folder, tokenizer, pairs):
    classifier = AutoModelForSequenceClassification.from_pretrained(reward_folder).eval()
    expected = []
    for pair in pairs:
        for response in pair.responses:
            turns = [{"role": "user", "content": pair.prompt}, {"role": "assistant", "content": response}]
            ids = tokenizer.apply_chat_template(turns, return_dict=True, return_tensors="pt")["input_ids"]
            with torch.no_grad():
                expected.append(float(classifier(input_ids=ids).logits))
    assert scores(scorer(), pairs) == pytest.approx(expected, abs=1e-5)


def test_scores_do_not_depend_on_the_batch_size_or_on_the_kind_of_record(scorer, pairs, monkeypatch):
    expected = scores(scorer(), pairs)
    assert scores(scorer(), [Candidates(pair.prompt, pair.responses) for pair in pairs]) == expected
    for max_tokens in (1, 60, 300):
        monkeypatch.setattr("rmexp.scoring.responses.MOST_TOKENS", max_tokens)
        assert scores(scorer(), pairs) == pytest.approx(expected, abs=1e-5)


def test_what_was_cut_is_marked_and_still_scored(scorer, pairs):
    lengths = [length for row in scorer().score(pairs) for length in row.tokens]
    limit = sorted(lengths)[12]
    rows = list(scorer(max_tokens=limit).score(pairs))
    assert [cut for row in rows for cut in row.truncated] == [length > limit for length in lengths]
    assert [length for row in rows for length in row.tokens] == [min(length, limit) for length in lengths]


def test_what_is_dropped_has_no_score_and_the_others_have_theirs(scorer, pairs):
    whole = list(scorer().score(pairs))
    limit = sorted(length for row in whole for length in row.tokens)[12]
    for row, dropped in zip(whole, scorer(max_tokens=limit, truncation="drop").score(pairs), strict=True):
        read = [length <= limit for length in row.tokens]
        assert [score is not None for score in dropped.scores] == read
        assert dropped.tokens == tuple(length if kept else 0 for length, kept in zip(row.tokens, read, strict=True))
        assert not any(dropped.truncated)
        known = [(a, b) for a, b in zip(row.scores, dropped.scores, strict=True) if b is not None]
        assert all(a == pytest.approx(b, abs=1e-5) for a, b in known)


def test_manifest(scorer, reward_folder):
    expected = {"name": "explicit", "kind": "explicit", "fingerprint": folder_fingerprint(str(reward_folder))}
    assert scorer().describe() == expected | {"precision": "32-true"}


def test_a_language_model_is_no_reward_model(tmp_path, tiny_model, limits):
    copy.deepcopy(tiny_model.causal_lm).save_pretrained(tmp_path)
    tiny_model.tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"is no reward model: it has no head with one output"):
        ExplicitScorer("explicit", str(tmp_path), "auto", limits=limits, threads=1)


def test_what_is_known_is_not_computed_again(reward_folder, limits, pairs, monkeypatch):
    plain = ExplicitScorer("explicit", str(reward_folder), "auto", limits=limits, threads=1)
    expected = scores(plain, pairs)
    first, *others = plain.encoder.encode_records(pairs)
    known = {first: 7.0}
    partly = ExplicitScorer("explicit", str(reward_folder), "auto", limits=limits, threads=1, known=known)
    computed = []

    def batches(responses, max_tokens, *, packed):
        computed.append(set(responses))
        return batches_of_tokens(responses, max_tokens, packed=packed)

    monkeypatch.setattr("rmexp.scoring.responses.batches_of_tokens", batches)
    assert scores(partly, pairs) == pytest.approx([7.0, *expected[1:]], abs=1e-5)
    assert computed == [set(others) - {first}]
