"""A chat template that renders whole conversations as training did: prompt, response, end token, and nothing behind it.

Templates of instruction-tuned models often put a line break behind the end token, think in between, or print today's
date; a reward model would then be read at another place than the one that it was trained for.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from rmexp.data.loading import Limits
from rmexp.dialogue import Message, Prompt, template_arguments
from rmexp.encoding.encode import Encoder
from rmexp.encoding.pinned_date import DATE, pinned
from rmexp.models.backbones.own_template import default_template, keep_own_template, set_default_template
from rmexp.models.folders.chat_template import chat_messages

EXAMPLES: tuple[tuple[Prompt, str], ...] = (  # conversations in which templates and tokenizers differ
    ("What is a queue?", "A queue hands out first what came first."),
    ("What is a queue?", '{"answer": "first in, first out", "examples": ["printer", "bus stop"]}'),
    ("Say yes.", "Yes"),
    ("List three colours.", "- red\n- green\n- blue\n"),
    ("Wie heißt die Hauptstadt von Österreich? 🙂", "Sie heißt Wien; früher auch «Vindobona»."),
    ("Write code.", "def double(x):\n    return 2 * x  # so that 3 -> 6"),
    (" leading and trailing space ", " Indeed. "),
    (
        (Message("user", "Hello"), Message("assistant", "Hello, how can I help?"), Message("user", "Tell a joke.")),
        "A horse walks into a bar. The barkeeper asks: why the long face?",
    ),
)
_THOUGHT = ("Think first.", "<think>\nIt is late.\n</think>\n\nGood night.")  # which some templates leave out
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
    texts = [(example, text) for example in (*examples, _THOUGHT) if (text := _text(encoder, *example)) is not None]
    begin = _begin(tokenizer, encoder)
    if tokenizer.chat_template and not begin and all(_plain(tokenizer, *example) == text for example, text in texts):
        return False
    own = pinned(default_template(tokenizer) or _PLAIN)
    date = f"{{% set date_string = date_string | default('{DATE}') %}}" if "date_string" in own else ""
    set_default_template(tokenizer, f"{date}{_START}{begin}{own.removesuffix(chr(10))}{_END}")
    return True


def save_tokenizer(folder: Path, tokenizer: Any) -> None:
    """Write a tokenizer ready to be used: with the template for whole conversations, and the model's own beside it."""
    own = tokenizer.chat_template
    try:
        # nothing of the examples is cut
        encoder, template = Encoder(tokenizer, Limits(2**20, "error", None, 1)), default_template(tokenizer)
        if use_conversation_template(tokenizer, encoder, EXAMPLES):
            keep_own_template(folder, template)
        tokenizer.save_pretrained(folder)
    finally:
        tokenizer.chat_template = own


def _text(encoder: Encoder, prompt: Prompt, response: str) -> str | None:
    """A conversation as in training; None for one that the template refuses, as some refuse further turns."""
    try:
        return encoder.text(prompt, response) + str(encoder.tokenizer.eos_token)
    except ValueError:
        return None


def _plain(tokenizer: Any, prompt: Prompt, response: str) -> str | None:
    """A conversation as transformers alone renders it; None for one that the template refuses when it is whole."""
    turns = chat_messages(prompt, response)
    try:
        return str(tokenizer.apply_chat_template(turns, tokenize=False, **template_arguments(prompt)))
    except (TemplateError, TypeError, ValueError, LookupError, AttributeError):
        return None


def _begin(tokenizer: Any, encoder: Encoder) -> str:
    """What puts the begin token where the encoder has one that the template does not render."""
    (example,) = encoder.encode([("a", "b")])
    assert example is not None
    has = tokenizer.bos_token_id is not None and example.token_ids[0] == tokenizer.bos_token_id
    return "{{ bos_token }}" if has and not encoder.render("a").startswith(tokenizer.bos_token) else ""
