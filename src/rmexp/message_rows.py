"""Messages as JSON has them: read with whatever a chat template takes, each problem named with its element."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rmexp.dialogue import Dialogue, Message, Prompt, turns_of
from rmexp.jsonl import describe

# What chat templates read of a message beside its role and content.
FURTHER = ("tool_calls", "tool_call_id", "name", "reasoning_content", "thinking")
_ROLES = {
    "human": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "function_call": "assistant",
    "observation": "tool",
}  # fmt: skip


def prompt_of(value: Any, name: str) -> Prompt:
    """The prompt that a JSON value is.

    Args:
        value: text, a list of messages, or an object of `messages` with `tools` and `chat_template_kwargs`.
        name: of the field, for messages.

    Raises:
        ValueError: it is none of these.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and "messages" in value:
        turns = messages_of(value["messages"], f"{name}.messages")
        return told(turns, value.get("tools"), value.get("chat_template_kwargs"))
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f"`{name}` must be a string or a list of messages, got {describe(value)}")
    return messages_of(value, name)


def told(prompt: Prompt, tools: Any, settings: Any) -> Prompt:
    """A prompt with tools and further arguments of the chat template; as it is where there are none.

    Args:
        prompt: to be rendered with them.
        tools: a list of JSON objects, or the text of one; None or empty for none.
        settings: a JSON object, or the text of one; None or empty for none.

    Raises:
        ValueError: they are something else.
    """
    texts = (_json_text(tools, list, "tools"), _json_text(settings, dict, "chat_template_kwargs"))
    return Dialogue(turns_of(prompt), *texts) if any(texts) else prompt


def messages_of(value: Any, name: str) -> tuple[Message, ...]:
    """The messages of a list, or the one that an object is; each problem is named with its element.

    Raises:
        ValueError: some are no messages.
    """
    if isinstance(value, Mapping):
        return (message_of(value, name),)
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f"`{name}` must be a list of messages, got {describe(value)}")
    found, problems = [], []
    for index, item in enumerate(value):
        try:
            found.append(message_of(item, f"{name}[{index}]"))
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise ValueError("; ".join(problems))
    return tuple(found)


def message_of(value: Any, name: str) -> Message:
    """The message that a JSON object is: `role` and `content`, or `from` and `value` as ShareGPT has them.

    Raises:
        ValueError: it is none, or has a part that is no text.
    """
    content = value if isinstance(value, Mapping) else {}
    key = "content" if "role" in content else "value"
    role = content.get("role", content.get("from"))
    further = {name: content[name] for name in FURTHER if content.get(name) is not None}
    if not isinstance(role, str) or (key not in content and not further):
        raise ValueError(f"`{name}` must be a message with a `role` and a `content`, got {describe(value)}")
    text = content.get(key)
    if role == "function_call":
        return Message("assistant", "", _dumped({"tool_calls": _calls(text, name)}))
    if isinstance(text, list | tuple):
        text = _text_of(text, f"{name}.{key}")
    if not text and further and (text is None or text == ""):
        further |= {"content": text} if key in content else {}
        return Message(_ROLES.get(role, role), "", _dumped(further))
    if not isinstance(text, str):
        raise ValueError(f"`{name}.{key}` must be a string, got {describe(text)}")
    return Message(_ROLES.get(role, role), text, _dumped(further) if further else "")


def _text_of(parts: Sequence[Any], name: str) -> str:
    """The text of parts, one behind the other as chat templates put them."""
    texts = []
    for index, part in enumerate(parts):
        text = part.get("text") if isinstance(part, Mapping) else part
        if not isinstance(text, str):
            kind = part.get("type", "none") if isinstance(part, Mapping) else describe(part)
            raise ValueError(f"`{name}[{index}]` must be a part of type text, got {kind}: only texts can be read")
        texts.append(text)
    return "".join(texts)


def _calls(text: Any, name: str) -> list[dict[str, object]]:
    """Calls of tools in the form of chat templates, from the JSON text that ShareGPT has for them."""
    try:
        calls = json.loads(text)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{name}.value` must be the JSON of a call of a tool, got {describe(text)}") from error
    return [{"type": "function", "function": call} for call in (calls if isinstance(calls, list) else [calls])]


def _json_text(value: Any, kind: type, name: str) -> str:
    parsed = value
    if isinstance(value, str) and value.strip():
        try:
            parsed = json.loads(value)
        except ValueError:
            parsed = value
    if not parsed or parsed is None:
        return ""
    if not isinstance(parsed, kind):
        what = "a list of objects" if kind is list else "an object"
        raise ValueError(f"`{name}` must be {what} or its JSON, got {describe(value)}")
    return _dumped(parsed)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
