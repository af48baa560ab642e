"""What the chat template is given reaches the model as transformers renders it."""

import copy
from dataclasses import replace

import pytest

from rmexp.dialogue import Message, prompt_text, response_of
from rmexp.encoding.encode import Encoder
from rmexp.encoding.splits import encode_pairs
from rmexp.message_rows import messages_of, told
from rmexp.records import Preference

TEMPLATE = (
    "{% if tools %}Tools: {{ tools | tojson }}\n{% endif %}{% if enable_thinking is false %}Do not think.\n{% endif %}"
    "{% for message in messages %}{{ message.role }}: {% if message.tool_calls %}"
    "{% for call in message.tool_calls %}{{ call.function.name }}({{ call.function.arguments | tojson }}){% endfor %}"
    "{% endif %}{{ message.content | default('', true) }}{{ eos_token }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}]
CALL = {"type": "function", "function": {"name": "weather", "arguments": {"city": "Paris <|end|>"}}}
ASKED = [{"role": "user", "content": "Rain?"}]
ANSWER = [
    {"role": "assistant", "tool_calls": [CALL]},
    {"role": "tool", "name": "weather", "content": "sunny"},
    {"role": "assistant", "content": "No."},
]


@pytest.fixture
def told_tokenizer(tokenizer):
    """A tokenizer whose template reads tools, their calls and a setting."""
    made = copy.deepcopy(tokenizer)
    made.chat_template = TEMPLATE
    return made


@pytest.fixture
def wide(limits):
    """Room for all that is rendered here."""
    return replace(limits, max_tokens=1024)


def rendered(tokenizer, messages, *, ask):
    options = {"tools": TOOLS, "enable_thinking": False, "add_generation_prompt": ask, "tokenize": False}
    return tokenizer.apply_chat_template(messages, **options)


PROMPT = told(messages_of(ASKED, "prompt"), TOOLS, {"enable_thinking": False})


def test_a_prompt_is_rendered_with_its_tools_and_settings(told_tokenizer, wide):
    encoder = Encoder(told_tokenizer, wide)
    assert encoder.render(PROMPT) == rendered(told_tokenizer, ASKED, ask=True)
    assert "Tools:" in encoder.render(PROMPT)
    assert "Tools:" not in encoder.render(PROMPT.turns)


def test_a_response_of_several_turns_ends_with_the_last_text_and_one_end_token(told_tokenizer, wide):
    encoder, response = Encoder(told_tokenizer, wide), response_of(messages_of(ANSWER, "chosen"))
    whole = rendered(told_tokenizer, [*ASKED, *ANSWER], ask=False)
    end = f"{told_tokenizer.eos_token}\n"
    assert whole.endswith(end)
    assert encoder.text(PROMPT, response) == whole.removesuffix(end)
    (tokens,) = encoder.encode([(PROMPT, response)])
    assert told_tokenizer.decode(tokens.token_ids[: tokens.prompt_tokens]) == rendered(told_tokenizer, ASKED, ask=True)
    assert tokens.token_ids[-1] == told_tokenizer.eos_token_id
    # the template's own two ends of turns and the last one; the city's is text
    assert tokens.token_ids.count(told_tokenizer.eos_token_id) == 1 + 3


def test_both_sides_share_the_tokens_of_the_prompt(told_tokenizer, wide):
    pair = Preference(PROMPT, response_of(messages_of(ANSWER, "chosen")), "Yes.")
    ((encoded,), account) = encode_pairs([pair], Encoder(told_tokenizer, wide))
    shared = encoded.chosen.prompt_tokens
    assert encoded.rejected.prompt_tokens == shared
    assert encoded.chosen.token_ids[:shared] == encoded.rejected.token_ids[:shared]
    assert (account.kept, account.truncated) == (1, 0)


def test_a_response_that_ends_with_a_call_loses_what_the_template_puts_behind_it(told_tokenizer, wide):
    encoder, response = Encoder(told_tokenizer, wide), response_of(messages_of(ANSWER[:1], "chosen"))
    assert encoder.text(PROMPT, response).endswith('weather({"city": "Paris <|end|>"})')


def test_what_the_template_passes_over_is_told_once(told_tokenizer, wide, caplog):
    thought = response_of(messages_of([{"role": "assistant", "content": "No.", "reasoning_content": "Sun."}], "chosen"))
    called = response_of(messages_of(ANSWER, "chosen"))
    Encoder(told_tokenizer, wide).encode([(PROMPT, called)] * 2)
    assert caplog.messages == []
    for _ in range(2):
        assert Encoder(told_tokenizer, wide).text(PROMPT, thought).endswith("assistant: No.")
    (told_so,) = caplog.messages
    assert told_so.startswith("the chat template passes over `reasoning_content` of responses: the model reads")
    told_tokenizer.chat_template = "{% for message in messages %}{{ message | tojson }}{% endfor %}"
    Encoder(told_tokenizer, wide).encode([(PROMPT, called)])  # it renders all that there is, by no name
    assert len(caplog.messages) == 1


def test_without_a_template_turns_are_lines(plain_tokenizer, limits):
    response = response_of((Message("assistant", "No."), Message("user", "Sure?"), Message("assistant", "Yes.")))
    assert (
        Encoder(plain_tokenizer, limits).text("Rain?", response) == "Rain?assistant: No.\nuser: Sure?\nassistant: Yes."
    )
    assert str(response) == prompt_text(response.turns)
