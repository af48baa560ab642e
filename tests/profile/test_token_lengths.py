import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from rmexp.profile.pair_texts import pair_texts
from rmexp.profile.token_lengths import length_figures, tokens_of
from rmexp.records import Preference


@pytest.fixture
def words(tmp_path):
    """A tokenizer with a token for each word."""
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1, "b": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.enable_truncation(2)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def test_tokens_of_a_folder_or_file_are_counted_in_full(words):
    for path in (words, words / "tokenizer.json"):
        found = tokens_of(["a b a b", "", "b"], str(path))
        assert found.lengths.tolist() == [4, 0, 1]


def test_sharing_by_hand(words):
    records = [
        Preference("a a a", "b", "b b"),  # 3 + 1 + 2
        Preference("a a a", "b", "a b b", target=0.0),  # 3 + 1 + 3
        Preference("", "a", "b"),  # 0 + 1 + 1
    ]
    texts = pair_texts(records)
    figures = length_figures(texts, tokens_of(texts.texts, str(words)), 5)
    assert figures.total == 15
    assert figures.prompt_share == pytest.approx(6 / 15)
    assert figures.saved_by_pair == pytest.approx(6 / 21)
    assert figures.saved_by_prompt == pytest.approx(1 - (3 + 1 + 2 + 3 + 1 + 1) / 21)
    assert figures.pairs_per_prompt == 1.5
    assert figures.too_long == 1  # 3 + 2 tokens fit, 3 + 3 do not
    assert figures.tokens["chosen"]["mean"] == pytest.approx(5 / 3, abs=0.01)  # as the labels order them
    assert figures.characters["prompt"]["max"] == 5


@pytest.mark.parametrize("texts", [["x"], ["", ""], ["hello there " * 50, "今日は", "مرحبا", "🙂"]])
def test_one_is_learnt_from_any_text(texts):
    found = tokens_of(texts, None)
    assert "learnt from this data" in found.tokenizer
    assert (found.lengths > 0).tolist() == [bool(text) for text in texts]
    assert found.lengths.tolist() == tokens_of(texts, None).lengths.tolist()


def test_no_tokenizer_there(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ValueError, match="set tokenizer, or null"):
        tokens_of(["a"], str(tmp_path))
