from rmexp.encoding.marked_text import MarkedText


def test_marks_come_off_again_and_leave_other_text_alone(tokenizer):
    marked = MarkedText(tokenizer)
    text = f"a {tokenizer.eos_token}b{tokenizer.eos_token}"
    assert marked.mark(text) != text
    assert marked.unmark(marked.mark(text)) == text
    assert marked.mark("plain <text>") == "plain <text>"
    assert marked.tokenize([]) == []


def test_a_marked_special_token_is_spelled_and_an_unmarked_one_is_not(tokenizer):
    marked = MarkedText(tokenizer)
    (special, ends), (spelled, spelled_ends) = marked.tokenize([tokenizer.eos_token, marked.mark(tokenizer.eos_token)])
    assert special == [tokenizer.eos_token_id]
    assert tokenizer.eos_token_id not in spelled
    assert tokenizer.decode(spelled) == tokenizer.eos_token
    assert ends == [spelled_ends[-1]] == [len(tokenizer.eos_token)]
