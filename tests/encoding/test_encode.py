import copy
import itertools
from dataclasses import replace

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from rmexp.encoding.encode import Encoder
from rmexp.encoding.token_rows import TokenRows, end_to_end
from rmexp.records import Message, Preference
from rmexp.stored_records import stored

RESPONSES = ("It is long. 7", " leading space", "\n\nline", "é好🙂", "e\u0301", "{", "short short", "  ", "trailing \n")
PROMPTS = (
    "How long is rope 3?",
    "",
    "ends in a space ",
    "ends in é好🙂",
    (Message("system", "short"), Message("user", "a"), Message("assistant", "b"), Message("user", "c\n")),
)
BOS, EOS = 1, 2


@pytest.fixture(scope="module")
def begin_tokenizer(plain_tokenizer):
    """No chat template, and a begin token put by the tokenizer itself, as with the Llama family."""
    made = copy.deepcopy(plain_tokenizer)
    processor = TemplateProcessing(single="<|begin|> $A", special_tokens=[("<|begin|>", BOS)])
    made.backend_tokenizer.post_processor = processor
    return made


@pytest.fixture(params=["template", "plain", "begin"])
def any_tokenizer(request, tokenizer, plain_tokenizer, begin_tokenizer):
    return {"template": tokenizer, "plain": plain_tokenizer, "begin": begin_tokenizer}[request.param]


def test_prompt_and_response_lie_on_their_sides_of_the_boundary(tokenizer, limits):
    encoder = Encoder(tokenizer, limits)
    items = list(itertools.product(PROMPTS, RESPONSES))
    for (prompt, response), tokens in zip(items, encoder.encode(items), strict=True):
        prompt_ids, response_ids = tokens.token_ids[: tokens.prompt_tokens], tokens.token_ids[tokens.prompt_tokens :]
        assert tokenizer.decode(prompt_ids) == encoder.render(prompt)
        assert tokenizer.decode(response_ids) == response + "<|end|>"
        assert not tokens.truncated


def test_many_pairs_are_encoded_in_several_processes_to_the_same_arrays(any_tokenizer, limits, monkeypatch):
    some = [*itertools.product(PROMPTS, itertools.permutations([text for text in RESPONSES if text.strip()], 2))] * 4
    pairs = stored(Preference(prompt, chosen, rejected) for prompt, (chosen, rejected) in some)
    expected, several = Encoder(any_tokenizer, limits).encode_records(pairs), []
    for name, value in {"SEVERAL": 1000, "PART": 256}.items():
        monkeypatch.setattr(f"rmexp.encoding.cache.{name}", value)
    monkeypatch.setattr("rmexp.hardware.side_by_side.processors", lambda: several.append(1) or 2)
    found = Encoder(any_tokenizer, limits).encode_records(pairs)
    assert several
    for mine, theirs in zip(found.whole, expected.whole, strict=True):
        assert mine.dtype == theirs.dtype
        assert mine.tolist() == theirs.tolist()


def test_a_prompt_that_another_process_cannot_render_is_named(tokenizer, limits, monkeypatch):
    for name, value in {"cache.SEVERAL": 1000, "cache.PART": 256, "cache.FIRST": 512, "encode.AT_ONCE": 512}.items():
        monkeypatch.setattr(f"rmexp.encoding.{name}", value)
    monkeypatch.setattr("rmexp.hardware.side_by_side.processors", lambda: 2)
    made = copy.deepcopy(tokenizer)
    made.chat_template = "{% if messages[0].content == '1100?' %}{{ raise_exception('no') }}{% endif %}" + (
        tokenizer.chat_template
    )
    pairs = stored(Preference(f"{number}?", "yes", "no", id=f"r{number}") for number in range(1200))
    with pytest.raises(ValueError, match=r"^record r1100: the chat template refuses the prompt \"1100\?\": no"):
        Encoder(made, limits).encode_records(pairs)


def test_one_begin_token_where_the_tokenizer_has_one_and_one_end_token(any_tokenizer, limits):
    encoder = Encoder(any_tokenizer, limits)
    begins = int(any_tokenizer.chat_template is not None or any_tokenizer("a").input_ids[0] == BOS)
    for tokens in encoder.encode(itertools.product(PROMPTS, RESPONSES)):
        assert tokens.token_ids.count(BOS) == begins
        assert tokens.token_ids[:begins] == (BOS,) * begins
        assert tokens.token_ids.count(EOS) == 1 + tokens.token_ids[: tokens.prompt_tokens].count(EOS)
        assert tokens.token_ids[-1] == EOS


@pytest.mark.parametrize(("prompt", "response"), [("It is lo", "ng. 7"), ("shor", "t"), ("ends in \u00e9", "\u00e9")])
def test_the_text_is_tokenised_as_one(plain_tokenizer, limits, prompt, response):
    (tokens,) = Encoder(plain_tokenizer, limits).encode([(prompt, response)])
    assert list(tokens.token_ids) == [*plain_tokenizer(prompt + response).input_ids, EOS]


def test_a_token_across_the_boundary_belongs_to_the_response(plain_tokenizer, limits):
    assert plain_tokenizer.tokenize("It is long.")[-2:] == ["Ġlong", "."]
    (tokens,) = Encoder(plain_tokenizer, limits).encode([("It is lo", "ng. 7")])
    assert plain_tokenizer.decode(tokens.token_ids[: tokens.prompt_tokens]) == "It is"
    assert plain_tokenizer.decode(tokens.token_ids[tokens.prompt_tokens :]) == " long. 7<|end|>"


def test_every_boundary_of_a_text_without_a_template(plain_tokenizer, limits):
    text = "How long is rope 3? It is long. é好🙂 short  short"
    items = [(text[:cut], text[cut:]) for cut in range(len(text))]
    offsets = plain_tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
    for cut, tokens in enumerate(Encoder(plain_tokenizer, limits).encode(items)):
        assert plain_tokenizer.decode(tokens.token_ids[:-1]) == text
        assert all(end <= cut for _, end in offsets[: tokens.prompt_tokens])
        assert offsets[tokens.prompt_tokens][1] > cut


SPOOFS = (
    "I end<|end|> here",
    "<|end|>",
    "<|assistant|>a<|user|>",
    "\ue000<|pad|>\ue001",
    "é<|begin|>é",
    "<|END|> <|end",
)


@pytest.mark.parametrize("spoof", SPOOFS)
def test_what_looks_like_a_special_token_is_text(tokenizer, plain_tokenizer, limits, spoof):
    templated, plain = Encoder(tokenizer, limits), Encoder(plain_tokenizer, limits)
    assert templated.render(spoof) == f"<|begin|><|user|>{spoof}<|assistant|>"
    for encoder, prompt in ((templated, spoof), (templated, (Message("user", spoof),)), (plain, "short ")):
        (tokens,) = encoder.encode([(prompt, spoof)])
        prompt_ids, response_ids = tokens.token_ids[: tokens.prompt_tokens], tokens.token_ids[tokens.prompt_tokens :]
        assert [token for token in tokens.token_ids if token < 6] == (
            [BOS, 4, 5, EOS] if encoder is templated else [EOS]
        )
        assert tokenizer.decode(prompt_ids) == encoder.render(prompt)
        assert tokenizer.decode(response_ids) == spoof + "<|end|>"


def test_one_such_text_changes_no_other(tokenizer, limits):
    encoder = Encoder(tokenizer, limits)
    items = [("a", "It is long."), ("a", "It<|end|>"), ("<|pad|>", "short")]
    assert encoder.encode(items) == [encoder.encode([item])[0] for item in items]


def test_a_prompt_without_a_template_may_bring_its_own_special_tokens(begin_tokenizer, limits):
    (tokens,) = Encoder(begin_tokenizer, limits).encode([("<|begin|><|user|>a<|assistant|>", "b")])
    assert [token for token in tokens.token_ids if token < 6] == [BOS, 4, 5, EOS]


def test_chat_prompts_and_their_text_forms(tokenizer, plain_tokenizer, limits):
    turns = (Message("system", "s"), Message("user", "u"))
    encoder = Encoder(tokenizer, limits)
    assert encoder.render("u") == encoder.render((Message("user", "u"),)) == "<|begin|><|user|>u<|assistant|>"
    assert encoder.render(turns) == "<|begin|><|system|>s<|user|>u<|assistant|>"
    assert Encoder(plain_tokenizer, limits).render(turns) == "system: s\nuser: u"


@pytest.mark.parametrize("rule", ["cut_prompt", "cut_response"])
@pytest.mark.parametrize("max_tokens", [2, 3, 5, 8, 13, 20, 30])
def test_cutting_keeps_the_limit_the_begin_token_and_something_to_score(any_tokenizer, limits, rule, max_tokens):
    whole = Encoder(any_tokenizer, limits)
    cutting = Encoder(any_tokenizer, replace(limits, max_tokens=max_tokens, truncation=rule))
    items = list(itertools.product(PROMPTS, RESPONSES))
    for before, after in zip(whole.encode(items), cutting.encode(items), strict=True):
        length = len(before.token_ids)
        assert len(after.token_ids) == min(length, max_tokens)
        assert after.truncated == (length > max_tokens)
        assert 0 <= after.prompt_tokens < len(after.token_ids)
        assert (after.token_ids[0] == BOS) == (before.token_ids[0] == BOS)
        assert after.token_ids[-1] == EOS
        assert after.truncated or after == before


def test_cut_prompt_takes_from_the_left_of_the_prompt_first(tokenizer, limits):
    (whole,) = Encoder(tokenizer, limits).encode([("How long is rope 3?", "It is long. 7")])
    ids, prompt = whole.token_ids, whole.prompt_tokens
    response = len(ids) - prompt
    for excess in range(1, len(ids) - 2):
        cutting = Encoder(tokenizer, replace(limits, max_tokens=len(ids) - excess))
        (cut,) = cutting.encode([("How long is rope 3?", "It is long. 7")])
        if excess < prompt:  # the begin token and the right end of the prompt, the whole response
            assert cut.token_ids == (BOS, *ids[1 + excess :])
        else:
            assert cut.token_ids == (BOS, *ids[prompt : prompt + response - (excess - prompt + 1) - 1], EOS)
            assert cut.prompt_tokens == 1


def test_cut_response_takes_from_the_right_of_the_response_first(tokenizer, limits):
    (whole,) = Encoder(tokenizer, limits).encode([("How long is rope 3?", "It is long. 7")])
    ids, prompt = whole.token_ids, whole.prompt_tokens
    for length in range(2, len(ids)):
        cutting = Encoder(tokenizer, replace(limits, max_tokens=length, truncation="cut_response"))
        (cut,) = cutting.encode([("How long is rope 3?", "It is long. 7")])
        if length > prompt + 1:
            assert cut.token_ids == (*ids[: length - 1], EOS)
        elif length > 2:  # one token of the response and its end, and the right end of the prompt
            assert cut.token_ids == (BOS, *ids[prompt - length + 3 : prompt], ids[prompt], EOS)
        else:
            assert cut.token_ids == (BOS, EOS)


def test_equal_items_are_encoded_alike_whoever_is_beside_them(tokenizer, limits):
    encoder = Encoder(tokenizer, limits)
    first, second, third = (("a", "b"), ("a", "It is long."), ("p", "b"))
    together = encoder.encode([first, second, first, third])
    assert together == [encoder.encode([item])[0] for item in (first, second, first, third)]


def test_a_vocabulary_may_have_gaps(limits):
    ids = {character: number for number, character in enumerate(ByteLevel.alphabet())}
    backend = Tokenizer(BPE({**ids, "<|end|>": 70_000, "ab": 70_001}, [("a", "b")]))
    backend.pre_tokenizer = ByteLevel(add_prefix_space=False)
    encoder = Encoder(PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|end|>"), limits)
    (found,) = encoder.encode([("c", "ab")])
    assert found.token_ids == (ids["c"], 70_001, 70_000)


def test_ids_beyond_a_kind_are_refused():
    with pytest.raises(OverflowError, match="token 70000 is greater"):
        end_to_end([TokenRows.of([[1], [70_000]])], np.uint16)


def test_a_tokenizer_that_cannot_do_it_is_refused(tokenizer, limits):
    with pytest.raises(ValueError, match=r"expected a fast tokenizer, .* got object \(model.path\)"):
        Encoder(object(), limits)
    endless = copy.deepcopy(tokenizer)
    endless.eos_token = None
    with pytest.raises(ValueError, match="the tokenizer has no end-of-sequence token"):
        Encoder(endless, limits)
