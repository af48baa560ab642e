"""Pairs that state the same facts as a JSON object (chosen) and as free text (rejected), made in memory.

A pipeline check, not evidence of reward quality: the first character alone separates the two sides, so every
preference method should reach 100 %. The longer side is the chosen one in half of each split's pairs (one more or less
where their number is odd). Equal arguments give equal records on every machine.
"""

import json
import random
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, NamedTuple

from rmexp.preference_data import PreferenceData
from rmexp.records import Candidates, Preference
from rmexp.sources.technical_topics import QUESTIONS, SEEN, UNSEEN, Facts, Question, Topic

SHOWCASE = ("Docker", "PostgreSQL", "Kafka")
# Not among QUESTIONS, so that no training prompt is shown again.
SHOWCASE_QUESTION = Question("What is {topic} and why would I use it?", ("kind", "use", "strength"))
GRADED_QUESTION = Question("Please sum up {topic} for me.", ("kind", "use", "strength", "limitation"))
GRADES = ("json", "text ending in json", "text", "broken json", "one sentence")

SHAPES: dict[str, Callable[[str, Facts], dict[str, Any]]] = {
    "flat": lambda name, facts: {"topic": name, **facts},
    "nested": lambda name, facts: {name: facts},
    "answer": lambda name, facts: {"topic": name, "answer": facts},
    "points": lambda name, facts: {"topic": name, "points": [f"{key}: {facts[key]}" for key in facts]},
    "entries": lambda name, facts: {"topic": name, "facts": [{"key": key, "value": facts[key]} for key in facts]},
    "columns": lambda name, facts: {"topic": name, "fields": list(facts), "values": list(facts.values())},
}
SPACINGS: dict[str, dict[str, Any]] = {
    "compact": {"separators": (",", ":")},
    "spaced": {"separators": (", ", ": ")},
    "indented": {"indent": 1},
}
LAYOUTS = tuple(f"{shape} {spacing}" for shape, spacing in product(SHAPES, SPACINGS))


class Style(NamedTuple):
    """A way to say facts in text: opening, one phrase per fact with `joint` between them, closing."""

    opening: str
    phrases: dict[str, str]  # {It} and {it}: the topic's name in the first phrase, the pronoun in the others
    joint: str
    closing: str


_SENTENCES = {
    "kind": "{It} is {a} {value}",
    "use": "{It} is used for {value}",
    "strength": "{It} offers {value}",
    "limitation": "{It} comes with {value}",
    "created_by": "{It} was created by {value}",
    "first_appeared": "{It} first appeared in {value}",
    "written_in": "{It} is written in {value}",
    "running_time": "{It} runs in {value}",
}
_NOTES = {
    "kind": "{a} {value}",
    "use": "used for {value}",
    "strength": "plus: {value}",
    "limitation": "minus: {value}",
    "created_by": "created by {value}",
    "first_appeared": "known since {value}",
    "written_in": "written in {value}",
    "running_time": "runs in {value}",
}
_ADVICE = {
    "kind": "Think of {it} as {a} {value}",
    "use": "People reach for {it} for {value}",
    "strength": "What you gain from {it} is {value}",
    "limitation": "What you accept with {it} is {value}",
}
_CHAT = {
    "kind": "{It} is basically {a} {value}",
    "use": "Most people use {it} for {value}",
    "strength": "The nice thing about {it} is {value}",
    "limitation": "The catch with {it} is {value}",
}
_CLAUSES = {key: phrase.replace("{It}", "it") for key, phrase in _SENTENCES.items()}
STYLES = {
    "plain": Style("", _SENTENCES, ". ", "."),
    "notes": Style("{Name}: ", _NOTES, "; ", "."),
    "clauses": Style("In the case of {name}, ", _CLAUSES, " and ", "."),
    "advice": Style("", _SENTENCES | _ADVICE, ". ", "."),
    "chat": Style("Good question! ", _SENTENCES | _CHAT, ". ", "."),
    "letter": Style("Here is what I can tell you. ", _SENTENCES, ". ", ". I hope that this helps you."),
}


def json_vs_text(*, pairs: int, unseen_pairs: int, seed: int, layouts: Sequence[str] | None = None) -> PreferenceData:
    """Pairs about technical topics, split 80/20 by prompt, and pairs and candidates about topics never trained on.

    Args:
        pairs: number of pairs in `train` and `val` together, each with a prompt of its own.
        unseen_pairs: number of pairs in `unseen`, spread evenly over the unseen topics.
        seed: of every draw; `unseen` and the candidates do not depend on `pairs`.
        layouts: which of `LAYOUTS`, a shape and a spacing each, objects come in; None for all of them.

    Returns:
        Splits `train`, `val`, `unseen`; candidates `showcase` (JSON and text for three topics) and `graded` (the five
        `GRADES` for each unseen topic), each response named in `meta["labels"]`.

    Raises:
        ValueError: a number of pairs is out of range, or a layout is none.
    """
    layouts = _checked_layouts(LAYOUTS if layouts is None else layouts)
    _check_count("pairs", pairs, 10, len(SEEN) * len(QUESTIONS))
    _check_count("unseen_pairs", unseen_pairs, len(UNSEEN), len(UNSEEN) * len(QUESTIONS))
    asked = _ask(SEEN, pairs, random.Random(f"{seed}/seen"))
    val = pairs // 5
    splits = {
        "train": _pairs(asked[val:], layouts, random.Random(f"{seed}/train")),
        "val": _pairs(asked[:val], layouts, random.Random(f"{seed}/val")),
        "unseen": _pairs(
            _ask(UNSEEN, unseen_pairs, random.Random(f"{seed}/unseen topics")), layouts, random.Random(f"{seed}/unseen")
        ),
    }
    candidates = {
        "showcase": _showcase(layouts, random.Random(f"{seed}/showcase")),
        "graded": tuple(_graded(topic, layouts, random.Random(f"{seed}/graded/{topic.name}")) for topic in UNSEEN),
    }
    return PreferenceData(splits, candidates)


def _check_count(key: str, value: int, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"`{key}` must be a whole number from {low} to {high}, got {value!r} (set data.{key})")


def _checked_layouts(layouts: Sequence[str]) -> Sequence[str]:
    named = [layouts] if isinstance(layouts, str) else layouts
    unknown = [layout for layout in named if layout not in LAYOUTS]
    if unknown or not layouts:
        got = repr(unknown[0]) if unknown else "none"
        raise ValueError(f"`layouts` must be some of {', '.join(LAYOUTS)}, got {got} (set data.layouts)")
    return named


def _ask(topics: Sequence[Topic], count: int, rng: random.Random) -> list[tuple[Topic, Question]]:
    """`count` different questions in random order, every topic as often as every other or once more."""
    decks = {topic.name: rng.sample(QUESTIONS, len(QUESTIONS)) for topic in topics}
    rounds = range(-(-count // len(topics)))
    asked = [(topic, decks[topic.name][turn]) for turn in rounds for topic in rng.sample(topics, len(topics))][:count]
    rng.shuffle(asked)
    return asked


def _pairs(
    asked: Sequence[tuple[Topic, Question]], layouts: Sequence[str], rng: random.Random
) -> tuple[Preference, ...]:
    """One pair a question; the JSON side is the longer one in half of them."""
    first = rng.randrange(2)
    json_longer = [index % 2 == first for index in range(len(asked))]
    rng.shuffle(json_longer)
    return tuple(
        _pair(topic, question, longer, layouts, rng)
        for (topic, question), longer in zip(asked, json_longer, strict=True)
    )


def _pair(
    topic: Topic, question: Question, json_longer: bool, layouts: Sequence[str], rng: random.Random
) -> Preference:
    """A pair in any layout and style whose lengths compare as asked, or in any at all where none does."""
    facts = _draw_facts(topic, question, rng)
    objects = {layout: as_json(topic, facts, layout) for layout in layouts}
    texts = {style: as_text(topic, facts, style) for style in STYLES}
    forms = list(product(objects, texts))
    leads = [len(objects[layout]) - len(texts[style]) for layout, style in forms]
    fitting = [form for form, lead in zip(forms, leads, strict=True) if (lead > 0 if json_longer else lead < 0)]
    layout, style = rng.choice(fitting or forms)
    meta = {"topic": topic.name, "category": topic.category, "layout": layout, "style": style}
    return Preference(question.text.format(topic=topic.name), objects[layout], texts[style], meta=meta)


def _draw_facts(topic: Topic, question: Question, rng: random.Random) -> Facts:
    """Two to four of the topic's facts in the table's order, what the question asks for among them."""
    others = [key for key in topic.facts if key not in question.asks]
    drawn = {*question.asks, *rng.sample(others, rng.randint(2, 4) - len(question.asks))}
    return {key: topic.facts[key] for key in topic.facts if key in drawn}


def as_json(topic: Topic, facts: Facts, layout: str) -> str:
    """The facts as a JSON object in one of `LAYOUTS`."""
    shape, spacing = layout.split()
    return json.dumps(SHAPES[shape](topic.name, facts), ensure_ascii=False, **SPACINGS[spacing])


def as_text(topic: Topic, facts: Facts, style: str) -> str:
    """The facts as text in one of `STYLES`, each value verbatim."""
    opening, phrases, joint, closing = STYLES[style]
    names = {"name": topic.name, "Name": _capital(topic.name)}
    parts = [
        phrases[key].format(
            it="it" if position else names["name"],
            It="It" if position else names["Name"],
            a="an" if str(value)[0] in "aeiou" else "a",
            value=value,
        )
        for position, (key, value) in enumerate(facts.items())
    ]
    return opening.format(**names) + joint.join(parts) + closing


def _showcase(layouts: Sequence[str], rng: random.Random) -> tuple[Candidates, ...]:
    topics = {topic.name: topic for topic in (*SEEN, *UNSEEN)}
    unseen = {topic.name for topic in UNSEEN}
    return tuple(_show(topics[name], name not in unseen, layouts, rng) for name in SHOWCASE)


def _show(topic: Topic, seen: bool, layouts: Sequence[str], rng: random.Random) -> Candidates:
    facts = {key: topic.facts[key] for key in SHOWCASE_QUESTION.asks}
    responses = (as_json(topic, facts, rng.choice(layouts)), as_text(topic, facts, rng.choice(list(STYLES))))
    meta = {"topic": topic.name, "labels": ["json", "text"], "seen": seen}
    return Candidates(SHOWCASE_QUESTION.text.format(topic=topic.name), responses, meta=meta)


def _graded(topic: Topic, layouts: Sequence[str], rng: random.Random) -> Candidates:
    """Responses in the order of `GRADES`."""
    facts = {key: topic.facts[key] for key in GRADED_QUESTION.asks}
    whole = as_json(topic, facts, rng.choice(layouts))
    sentence = as_text(topic, {"kind": topic.facts["kind"]}, "plain")
    text = as_text(topic, facts, rng.choice(list(STYLES)))
    responses = (whole, f"{sentence} The facts follow.\n{whole}", text, _break(whole, rng), sentence)
    meta = {"topic": topic.name, "category": topic.category, "labels": list(GRADES), "seen": False}
    return Candidates(GRADED_QUESTION.text.format(topic=topic.name), responses, meta=meta)


def _break(whole: str, rng: random.Random) -> str:
    """The JSON text with its end cut off, or without one quote, or without one comma between two strings."""
    cut = whole[: rng.randrange(len(whole) * 3 // 4, len(whole))]
    quote, comma = whole.rindex('"'), whole.index('",') + 1
    return rng.choice((cut, whole[:quote] + whole[quote + 1 :], whole[:comma] + whole[comma + 1 :]))


def _capital(name: str) -> str:
    """The name at the start of a sentence; names with capitals of their own, such as gRPC, stay as they are."""
    return name[0].upper() + name[1:] if name.islower() else name
