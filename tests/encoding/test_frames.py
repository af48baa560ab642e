"""Contents put into the text that a template has around them are rendered as by the template."""

import copy
import itertools

import pytest

from rmexp.encoding import frames
from rmexp.encoding.marked_text import MarkedText
from rmexp.encoding.rendering import RefusedPrompt, Rendering
from rmexp.records import Message

CONTENTS = (
    "How long?",
    "",
    " a ",
    "b\n\n",
    "<think>c</think>d",
    "<|user|>",
    '"\\',
    "{{ x }}",
    "é🙂",
    "SECRET e",
    "TOP",
)
SYSTEM, USER, ASSISTANT = "system", "user", "assistant"
ROLES = ((USER,), (SYSTEM, USER), (USER, ASSISTANT, USER))
TEMPLATES = {
    "turns": "{% for m in messages %}<|{{ m.role }}|>{{ m['content'] }}{{ eos_token }}{% endfor %}<|assistant|>",
    "added": "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content + '\n' }}{% endfor %}",
    "joined": "{% for m in messages %}{{ m.role ~ ': ' ~ m.content ~ '\n' }}{% endfor %}",
    "trimmed": "{{ bos_token }}{% for m in messages %}{{ m.role }}\n{{ m.content | trim }}\n{% endfor %}",
    "thought": "{% for m in messages %}{% set c = m.content.split('</think>')[-1].lstrip('\n') %}"
    "{% if m.content is string and not m.content.startswith('SECRET') %}{{ c }}{% endif %}|{% endfor %}",
    "first": "{% if messages[0].role == 'system' %}{% set s = messages[0].content %}{% endif %}"
    "{{ s }}{% for m in messages %}{% if m.role != 'system' %}{% if m.content %}[{{ m.content }}]{% endif %}"
    "{% if m.content == 'TOP' %}!{% endif %}{% endif %}{% endfor %}",
}
ALONE = {
    "twice": "{% for m in messages %}{{ m.content }}{{ m.content }}{% endfor %}",
    "long": "{% for m in messages %}{% if m.content | length > 5 %}long {% endif %}{{ m.content }}{% endfor %}",
    "quoted": "{% for m in messages %}{{ m.content | tojson }}{% endfor %}",
    "upper": "{% for m in messages %}{{ m.content | upper }}{% endfor %}",
    "composed": "{% for m in messages %}{% if 'x' + m.content == 'xTOP' %}!{% endif %}{{ m.content }}{% endfor %}",
    "turned": "{% for m in messages | reverse %}{{ m.content }}.{% endfor %}",
    "compared": "{% for m in messages %}{{ m.content }}{% if m.content > 'M' %}!{% endif %}{% endfor %}",
}


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(frames, "COMPARED", 1)


def rendering(tokenizer, template):
    made = copy.deepcopy(tokenizer)
    made.chat_template = template
    return Rendering(made, MarkedText(made)), made


def prompts(roles):
    return [tuple(map(Message, roles, contents)) for contents in itertools.permutations(CONTENTS, len(roles))]


def by_template(rendered, tokenizer, prompt):
    mark = MarkedText(tokenizer).mark
    turns = [{"role": turn.role, "content": mark(turn.content)} for turn in prompt]
    return tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)


@pytest.mark.parametrize("template", [*TEMPLATES, *ALONE])
def test_texts_are_those_of_the_template(tokenizer, template):
    rendered, own = rendering(tokenizer, (TEMPLATES | ALONE)[template])
    for roles in ROLES:
        found = [rendered.prompt(prompt) for prompt in prompts(roles)]
        assert found == [by_template(rendered, own, prompt) for prompt in prompts(roles)]


@pytest.mark.parametrize(
    ("template", "few"), [*((name, True) for name in TEMPLATES), *((name, False) for name in ALONE)]
)
def test_a_template_runs_only_where_its_text_depends_on_contents(tokenizer, monkeypatch, template, few):
    rendered, own = rendering(tokenizer, (TEMPLATES | ALONE)[template])
    plain = [(Message("system", f"s{number}"), Message("user", f"What is {number}?")) for number in range(50)]
    rendered.prompt(plain[0])
    calls, render = [], type(own).apply_chat_template
    monkeypatch.setattr(
        type(own),
        "apply_chat_template",
        lambda self, *args, **options: calls.append(args) or render(self, *args, **options),
    )
    for prompt in plain:
        rendered.prompt(prompt)
    assert len(calls) == (0 if few else 50)


def test_what_a_template_does_otherwise_than_it_says_is_left_to_it(tokenizer, monkeypatch):
    """Where the first contents come out otherwise than by the frame, it is not used."""
    rendered, own = rendering(tokenizer, TEMPLATES["turns"])
    monkeypatch.setattr(frames, "frame_of", lambda *args: frames.Frame(("wrong", ""), (), ()))
    monkeypatch.setattr("rmexp.encoding.rendering.frame_of", frames.frame_of)
    for content in ("a", "b", "c"):
        assert rendered.prompt(content) == by_template(rendered, own, (Message("user", content),))


def test_what_a_template_refuses_is_told(tokenizer):
    template = (
        "{% for m in messages %}{% if 'no' in m.content %}{{ raise_exception('never') }}{% endif %}{{ m.content }}"
    )
    rendered, _ = rendering(tokenizer, template + "{% endfor %}")
    assert [rendered.prompt(text) for text in ("a", "b", "c")] == ["a", "b", "c"]
    with pytest.raises(RefusedPrompt, match=r"never \(its turns are of user;"):
        rendered.prompt("no")


def test_another_template_of_the_same_tokenizer_is_another(tokenizer):
    rendered, own = rendering(tokenizer, "{{ messages[0].content }}")
    assert [rendered.prompt(text) for text in "abc"] == ["a", "b", "c"]
    own.chat_template = "<{{ messages[0].content }}>"
    assert [rendered.prompt(text) for text in "abc"] == ["<a>", "<b>", "<c>"]
