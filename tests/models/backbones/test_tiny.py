import pytest
import torch

from rmexp.models.backbones.tiny import CHAT_TEMPLATE, tiny, train_tokenizer

SIZES = {"hidden_size": 16, "layers": 2, "heads": 2, "vocabulary": 300, "max_positions": 64}
TEXTS = ["How long is rope?", "It is long.", '{"é": "好"}'] * 3


def test_sizes_are_those_asked_for():
    built = tiny(TEXTS, 0, **SIZES)
    config = built.causal_lm.config
    assert (config.hidden_size, config.intermediate_size, config.num_hidden_layers) == (16, 42, 2)
    assert (config.num_attention_heads, config.num_key_value_heads, config.max_position_embeddings) == (2, 2, 64)
    assert config.vocab_size == len(built.tokenizer) <= 300
    embedding = built.causal_lm.get_input_embeddings().weight
    assert embedding.shape == (config.vocab_size, 16)
    assert built.causal_lm.get_output_embeddings().weight is embedding
    assert (config.bos_token_id, config.eos_token_id, config.pad_token_id) == (1, 2, 0)
    assert (built.base_model, built.revision, built.fingerprint) == ("tiny", None, None)


def test_weights_are_a_function_of_the_seed_and_leave_the_generator_alone():
    before = torch.random.get_rng_state()
    first, again, other = (tiny(TEXTS, seed, **SIZES).causal_lm.state_dict() for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["model.embed_tokens.weight"], other["model.embed_tokens.weight"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vocabulary": 261}, r"at least 262 tokens, got 261 \(set model.vocabulary\)"),
        ({"hidden_size": 18}, r"multiple of twice the heads, got 18 and 2 \(set model.hidden_size or model.heads\)"),
    ],
)
def test_sizes_that_do_not_fit_name_their_key(changes, message):
    with pytest.raises(ValueError, match=message):
        tiny(TEXTS, 0, **(SIZES | changes))


def test_any_text_roundtrips_and_training_texts_are_short():
    tokenizer = train_tokenizer(TEXTS, 300, 64)
    for text in ("How long is rope?", "\t\n  tabs", "ÿ", "日本語 🙂", "\x00"):
        assert tokenizer.decode(tokenizer(text).input_ids) == text
    assert len(tokenizer("It is long.").input_ids) < len(tokenizer("tI si gnol.").input_ids)


def test_the_smallest_vocabulary_is_bytes_and_special_tokens():
    tokenizer = train_tokenizer(TEXTS, 262, 64)
    assert len(tokenizer) == 262
    assert len(tokenizer("日").input_ids) == 3


def test_roles_are_one_token_each_and_the_assistants_turn_ends():
    tokenizer = train_tokenizer(TEXTS, 300, 64)
    turns = [{"role": "user", "content": "How"}, {"role": "assistant", "content": "It"}]
    ids = tokenizer.apply_chat_template(turns, return_dict=True)["input_ids"]
    tokens = ["<|begin|>", "<|user|>", "How", "<|assistant|>", "It", "<|end|>"]
    assert tokenizer.chat_template == CHAT_TEMPLATE
    assert tokenizer.decode(ids) == "".join(tokens)
    assert {tokenizer.convert_tokens_to_ids(token) for token in tokens if "|" in token} == {1, 2, 4, 5}
