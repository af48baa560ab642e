"""A chat template that renders whole conversations as training did: prompt, response, end token, and nothing behind it.

Templates of instruction-tuned models often put a line break behind the end token, think in between, or print today's
date; a reward model would then be read at another place than the one that it was trained for.
"""

from collections.abc import Sequence
from typing import Any

from rmexp.dialogue import Prompt, template_arguments
from rmexp.encoding.encode import Encoder
from rmexp.encoding.pinned_date import DATE, pinned
from rmexp.models.folders.chat_template import chat_messages

_PLAIN = (  # what a prompt is for a model without a template: its text, or turns as `role: content` lines
    "{% for message in messages %}"
    "{% if messages | length > 1 %}{{ message.role }}: {% endif %}{{ message.content }}"
    "{% if not loop.last %}{{ '\\n' }}{% endif %}"
    "{% endfor %}"
)
_START = (
    "{% set answer = none %}"
    "{% if messages[-1].role == 'assistant' and not add_generation_prompt %}"
    "{% set answer = messages[-1].content %}{% set messages = messages[:-1] %}{% set add_generation_prompt = true %}"
    "{% endif %}"
)
_END = "{% if answer is not none %}{{ answer }}{{ eos_token }}{% endif %}"


def use_conversation_template(tokenizer: Any, encoder: Encoder, examples: Sequence[tuple[Prompt, str]]) -> bool:
    """Give a tokenizer a template for whole conversations, unless its own does already.

    Prompts are rendered as before; a conversation that ends with an assistant's turn becomes its prompt so rendered,
    the response and the end token.

    Args:
        tokenizer: of the encoder; its `chat_template` is changed in place.
        encoder: that the model was trained with.
        examples: prompts with responses that tell whether the template is as needed.

    Returns:
        Whether the template was changed.
    """
    rendered = [encoder.text(prompt, response) + tokenizer.eos_token for prompt, response in examples]
    begin = _begin(tokenizer, encoder)
    if tokenizer.chat_template and not begin:
        found = [
            tokenizer.apply_chat_template(chat_messages(prompt, response), tokenize=False, **template_arguments(prompt))
            for prompt, response in examples
        ]
        if found == rendered:
            return False
    own = pinned(tokenizer.chat_template or _PLAIN)
    date = f"{{% set date_string = date_string | default('{DATE}') %}}" if "date_string" in own else ""
    tokenizer.chat_template = f"{date}{_START}{begin}{own.removesuffix(chr(10))}{_END}"
    return True


def _begin(tokenizer: Any, encoder: Encoder) -> str:
    """What puts the begin token where the encoder has one that the template does not render."""
    (example,) = encoder.encode([("a", "b")])
    assert example is not None
    has = tokenizer.bos_token_id is not None and example.token_ids[0] == tokenizer.bos_token_id
    return "{{ bos_token }}" if has and not encoder.render("a").startswith(tokenizer.bos_token) else ""
