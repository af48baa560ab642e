"""Conversations of an exported folder are token by token what training saw."""

import copy
from dataclasses import replace

import pytest

from rmexp.encoding.encode import Encoder
from rmexp.models.backbones.tiny import CHAT_TEMPLATE
from rmexp.models.folders.chat_template import chat_messages
from rmexp.models.folders.conversation_template import EXAMPLES, use_conversation_template

INSTRUCT = (  # a line break behind the end token, thoughts in between, and a date: each would move the reward
    "{% if not date_string is defined %}{% set date_string = strftime_now('%d %b %Y') %}{% endif %}"
    "<|system|>{{ date_string }} {{ strftime_now('%Y-%m-%d') }}"
    "{% for message in messages %}<|{{ message.role }}|>"
    "{% if message.role == 'assistant' %}<think></think>{% endif %}{{ message.content }}{{ eos_token }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}\n"
)


@pytest.mark.parametrize("template", [CHAT_TEMPLATE, INSTRUCT, None], ids=["ours", "instruct", "none"])
def test_conversations_are_tokenised_as_in_training(tokenizer, limits, template):
    tokenizer, limits = copy.deepcopy(tokenizer), replace(limits, max_tokens=256)
    tokenizer.chat_template = template
    single = [example for example in EXAMPLES if template or isinstance(example[0], str)]
    before = [tuple(found.token_ids) for found in Encoder(tokenizer, limits).encode(single)]
    changed = use_conversation_template(tokenizer, Encoder(tokenizer, limits), single)
    assert changed == (template != CHAT_TEMPLATE)
    texts = [tokenizer.apply_chat_template(chat_messages(*example), tokenize=False) for example in single]
    assert [tuple(ids) for ids in tokenizer(texts, add_special_tokens=False).input_ids] == before
    assert [found.token_ids for found in Encoder(tokenizer, limits).encode(single)] == before


def test_turns_without_a_template_stay_lines(plain_tokenizer, limits):
    tokenizer = copy.deepcopy(plain_tokenizer)
    talk = next(example for example in EXAMPLES if not isinstance(example[0], str))
    rendered = Encoder(tokenizer, limits).render(talk[0])
    assert use_conversation_template(tokenizer, Encoder(tokenizer, limits), [talk])
    text = tokenizer.apply_chat_template(chat_messages(*talk), tokenize=False)
    assert text == f"{rendered}{talk[1]}{tokenizer.eos_token}"
    assert rendered.startswith("user: Hello\nassistant: ")
