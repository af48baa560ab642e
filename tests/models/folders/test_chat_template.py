import copy

import pytest

from rmexp.encoding.encode import Encoder
from rmexp.models.folders.chat_template import check_same_template, template_fingerprint, use_chat_template


@pytest.fixture
def own(tokenizer):
    """A tokenizer that may be changed."""
    return copy.deepcopy(tokenizer)


def test_null_keeps_the_models_own(own, tokenizer):
    use_chat_template(own, None)
    assert own.chat_template == tokenizer.chat_template


def test_plain_is_the_text_itself(own, limits):
    use_chat_template(own, "plain")
    assert Encoder(own, limits).render("How long?") == "How long?"


def test_a_file_is_used_and_saved_with_the_tokenizer(own, limits, tmp_path):
    file = tmp_path / "t.jinja"
    file.write_text("{% for message in messages %}[{{ message.role }}] {{ message.content }}{% endfor %} ->")
    use_chat_template(own, str(file))
    assert Encoder(own, limits).render("How long?") == "[user] How long? ->"
    own.save_pretrained(tmp_path / "saved")
    assert type(own).from_pretrained(tmp_path / "saved").chat_template == file.read_text()


@pytest.mark.parametrize("text", [None, "{% for x in %}", "{{ messages[0].who.name }}"])
def test_no_file_and_no_template_are_told(own, tmp_path, text):
    file = tmp_path / "t.jinja"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ValueError, match=r"t\.jinja(:1)?.*") as caught:
        use_chat_template(own, str(file))
    assert "model.chat_template" in str(caught.value)


def test_a_policy_keeps_the_template_of_its_reference(own, reference_folder):
    check_same_template(str(reference_folder), own)
    use_chat_template(own, "plain")
    with pytest.raises(ValueError, match="trained with another chat template"):
        check_same_template(str(reference_folder), own)


def test_a_file_is_known_by_what_is_in_it(tmp_path):
    file = tmp_path / "t.jinja"
    prints = []
    for text in ("a", "b", "a"):
        file.write_text(text)
        prints.append(template_fingerprint(str(file)))
    assert prints[0] == prints[2] != prints[1]
    assert [template_fingerprint(choice) for choice in (None, "plain", str(tmp_path / "none"))] == [None] * 3


def test_a_template_in_another_encoding_is_told(tokenizer, tmp_path):
    file = tmp_path / "mine.jinja"
    file.write_text("Schön", encoding="latin-1")
    with pytest.raises(ValueError, match=r"mine.jinja: expected a Jinja template, but byte 4 is not UTF-8 \(set model"):
        use_chat_template(copy.deepcopy(tokenizer), str(file))
