from dataclasses import replace

import pytest
import torch

from rmexp.records import Candidates, Message, Preference
from rmexp.scoring.verifier import VerifierScorer

QUESTION = "Q: {prompt}\nA: {response}\nIs it good?"


def scorer(path, limits, question=QUESTION, positive="Yes", negative="No", **options):
    limits = replace(limits, **{"max_tokens": 200, **options})
    return VerifierScorer("judge", str(path), question, positive, negative, "float32", False, limits=limits, threads=1)


def likelihood(model, question, answer):
    """Of an answer, by transformers alone, a word of it after the other."""
    tokenizer = model.tokenizer
    asked = tokenizer.apply_chat_template([{"role": "user", "content": question}], add_generation_prompt=True)
    ids = [*asked["input_ids"], *tokenizer(answer, add_special_tokens=False).input_ids]
    with torch.no_grad():
        logps = model.causal_lm(input_ids=torch.tensor([ids])).logits[0].double().log_softmax(-1)
    places = range(len(asked["input_ids"]), len(ids))
    return sum(float(logps[place - 1, ids[place]]) for place in places)


def test_a_score_is_how_much_likelier_yes_is_than_no(reference_folder, tiny_model, limits):
    talk = (Message("user", "Hi"), Message("assistant", "{response}"), Message("user", "Why?"))
    records = [Preference("Who?", "Nobody.", "{prompt}"), Candidates("1 + 1?", ("2", "3", "<|end|>"), id="c")]
    found = [score for row in scorer(reference_folder, limits).score(records) for score in row.scores]
    asked = [(record.prompt, response) for record in records for response in record.responses][:4]
    questions = [f"Q: {prompt}\nA: {response}\nIs it good?" for prompt, response in asked]
    expected = [likelihood(tiny_model, text, "Yes") - likelihood(tiny_model, text, "No") for text in questions]
    assert found[:4] == pytest.approx(expected, abs=1e-4)
    alone = [score for row in scorer(reference_folder, limits, negative=None).score(records) for score in row.scores]
    assert alone[:4] == pytest.approx([likelihood(tiny_model, text, "Yes") for text in questions], abs=1e-4)
    (row,) = scorer(reference_folder, limits).score([Preference(talk, "a", "b")])
    question = "Q: user: Hi\nassistant: {response}\nuser: Why?\nA: a\nIs it good?"
    assert row.scores[0] == pytest.approx(
        likelihood(tiny_model, question, "Yes") - likelihood(tiny_model, question, "No"), abs=1e-4
    )


@pytest.mark.parametrize("rule", ["cut_prompt", "cut_response", "drop"])
def test_of_what_is_too_long_the_start_of_the_question_goes(reference_folder, limits, rule):
    record = Preference("Who? " * 40, "No.", "Yes.")
    (row,) = scorer(reference_folder, limits, max_tokens=60, truncation=rule).score([record])
    if rule == "drop":
        assert row.scores == (None, None)
    else:
        assert row.truncated == (True, True)
        assert len(set(row.scores)) == 2


def test_the_question_and_the_words_are_a_part_of_what_it_is(reference_folder, limits):
    one, other, third = (
        scorer(reference_folder, limits, **options) for options in ({}, {"question": "{response}?"}, {"negative": None})
    )
    assert len({one.fingerprint, other.fingerprint, third.fingerprint}) == 3
    assert one.describe() == {
        "name": "judge",
        "kind": "verifier",
        "fingerprint": one.fingerprint,
        "question": QUESTION,
        "words": ["Yes", "No"],
    }
    with pytest.raises(ValueError, match=r"scorer.question must have \{response\} in it, got good\?"):
        scorer(reference_folder, limits, question="good?")
    with pytest.raises(ValueError, match=r"scorer.positive must be a text other than scorer.negative, got No"):
        scorer(reference_folder, limits, positive="No")


def test_a_question_that_the_template_refuses_names_the_row(reference_folder, tmp_path, limits):
    judge = scorer(reference_folder, limits)
    judge.tokenizer.chat_template = (
        "{% for message in messages %}{% if 'Nobody' in message.content %}{{ raise_exception('no names') }}{% endif %}"
        "{{ message.content }}{% endfor %}"
    )
    records = [
        Preference("Who?", "Me.", "You.", place="a.jsonl:1"),
        Preference("Who?", "I.", "Nobody.", place="a.jsonl:2"),
    ]
    with pytest.raises(ValueError, match=r"^a.jsonl:2: the chat template refuses the prompt .*Nobody.*: no names"):
        list(judge.score(records))
