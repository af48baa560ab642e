from rmexp.profile.pair_texts import pair_texts
from rmexp.profile.written_dialogues import written_dialogues
from rmexp.records import Message, Preference

TURNS = "\n\nHuman: Hi\n\nAssistant:"


def counted(*records):
    return tuple(written_dialogues(pair_texts(records)))


def test_turns_count_where_they_begin_a_paragraph():
    assert counted(Preference(TURNS, "a", "b"), Preference("Human: Hi", "a", "b")) == (2, 0)
    assert counted(Preference("Say 'Human: Hi'.", "a", "b"), Preference("p", "a\nHuman: b", "c")) == (0, 0)


def test_a_response_that_goes_on_counts_once_a_pair():
    endless = f"Hello. {TURNS} Bye."
    assert counted(Preference("p", endless, endless + "!"), Preference("q", "a", endless)) == (0, 2)


def test_a_response_that_begins_as_a_turn_of_its_own_counts():
    assert counted(Preference("p", " Human: You could.", "You could.")) == (0, 1)


def test_messages_are_no_written_dialogue():
    assert counted(Preference((Message("user", "Hi"), Message("assistant", "Yes?")), "a", "b")) == (0, 0)
