from rmexp.profile.pair_texts import pair_texts
from rmexp.records import Message, Preference


def test_each_text_is_held_once():
    texts = pair_texts([Preference("p", "a", "b"), Preference("p", "b", "c", target=0.2)])
    held = list(texts.texts)
    assert held == list(texts.texts) == ["p", "a", "b", "c"]
    assert len(texts.texts) == 4
    assert [held[index] for index in texts.preferred] == ["a", "c"]
    assert [held[index] for index in texts.other] == ["b", "b"]
    assert texts.sides(texts.each(ord)).tolist() == [[97, 98], [98, 99]]


def test_prompts_of_messages_are_text():
    assert list(pair_texts([Preference((Message("user", "hi"),), "a", "b")]).texts) == ["user: hi", "a", "b"]


def test_no_pairs():
    texts = pair_texts([])
    assert (len(texts), list(texts.texts)) == (0, [])
