from dataclasses import replace

import pytest

from rmexp.data.loading import TRUNCATIONS
from rmexp.encoding.account import Account
from rmexp.encoding.encode import Encoder
from rmexp.encoding.splits import encode_pairs
from rmexp.records import Preference


def length_of(tokenizer, limits, prompt, response):
    return len(Encoder(tokenizer, limits).encode([(prompt, response)])[0].token_ids)


@pytest.mark.parametrize("rule", TRUNCATIONS)
def test_every_pair_is_accounted_for(tokenizer, limits, rule):
    records = [
        Preference("p", "x", "y"),
        Preference("p", "x" * 40, "y"),
        Preference("p", "x", "y" * 40, target=0.25),
        Preference("p", "x" * 40 + "1", "x" * 40 + "2"),  # equal within the limit
    ]
    limit = replace(limits, max_tokens=length_of(tokenizer, limits, "p", "x" * 8), truncation=rule)
    encoder = Encoder(tokenizer, limit)
    if rule == "error":
        longest = length_of(tokenizer, limits, "p", "x" * 40 + "1")
        expected = rf'^4 of 6 sequences have more than {limit.max_tokens} tokens, the longest of them, "p", {longest} '
        with pytest.raises(ValueError, match=expected):
            encode_pairs(records, encoder)
        return
    pairs, account = encode_pairs(records, encoder)
    tokens = sum(len(side.token_ids) for pair in pairs for side in (pair.chosen, pair.rejected))
    if rule == "drop":
        assert account == Account(pairs=4, kept=1, truncated=0, dropped=3, identical=0, tokens=tokens)
    else:
        assert account == Account(pairs=4, kept=3, truncated=2, dropped=0, identical=1, tokens=tokens)
        assert [pair.target for pair in pairs] == [1.0, 1.0, 0.25]
    assert account.pairs == account.kept + account.dropped + account.identical
    assert max(len(side.token_ids) for pair in pairs for side in (pair.chosen, pair.rejected)) <= limit.max_tokens


def test_pairs_that_are_left_out_need_no_field_that_batches_go_by(tokenizer, limits):
    records = [
        Preference("p", "x", "y", meta={"topic": "a"}),
        Preference("p", "x" * 40, "y"),
        Preference("q", "x", "z", meta={"topic": "b"}),
        Preference("r", "z", "y", meta={"topic": "a"}),
    ]
    limit = replace(limits, max_tokens=length_of(tokenizer, limits, "p", "x" * 8), truncation="drop")
    encoder = Encoder(tokenizer, limit)
    pairs, account = encode_pairs(records, encoder, "meta.topic")
    assert [pair.group for pair in pairs] == [0, 1, 0]
    assert account.dropped == 1
    with pytest.raises(ValueError, match=r"meta\.topic"):
        encode_pairs([*records, Preference("s", "x", "y")], encoder, "meta.topic")


def test_label_and_margin_travel_with_the_pair(tokenizer, limits):
    records = [Preference("Q", "a", "b", target=0.25, margin=-2.0), Preference("Q", "a", "c")]
    encoded, _ = encode_pairs(records, Encoder(tokenizer, limits))
    assert [(pair.target, pair.margin) for pair in encoded] == [(0.25, -2.0), (1.0, None)]


def test_no_pairs_are_an_empty_account(tokenizer, limits):
    pairs, account = encode_pairs([], Encoder(tokenizer, limits))
    assert list(pairs) == []
    assert account == Account(0, 0, 0, 0, 0, 0)
