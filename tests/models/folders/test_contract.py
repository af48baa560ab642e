import copy
import json
from dataclasses import asdict

import pytest

from rmexp.encoding.tokenizer_identity import tokenizer_fields, tokenizer_fingerprint
from rmexp.models.backbones.tiny import train_tokenizer
from rmexp.models.folders.contract import check_tokenizer, read_contract


def test_a_saved_contract_is_read_back(tmp_path, make_contract):
    contract = make_contract("language_model", beta=0.1, reference="0123", revision="abcd")
    contract.save(tmp_path)
    assert read_contract(str(tmp_path)) == contract
    assert json.loads((tmp_path / "contract.json").read_text()) == asdict(contract)


def test_no_contract_is_none(tmp_path):
    assert read_contract(str(tmp_path)) is None
    assert read_contract("some-org/some-model") is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is damaged: not JSON: "),
        ("{", "is damaged: not JSON: "),
        ("[]", "is damaged: expected keys with values, got an empty list"),
        ("3", "is damaged: expected keys with values, got 3"),
        ("\xff", "is damaged: not UTF-8 at byte 1"),
        ("{}", r"is damaged: it has no `kind` \(restore it, or delete its folder"),
        ('{"kind": 3}', "is damaged: `kind` is 3"),
        ('{"kind": "reward_model", "colour": 1}', r": `colour` is no field of a contract \(a later version"),
    ],
)
def test_what_is_no_contract_is_a_sentence_with_its_file(tmp_path, content, said):
    (tmp_path / "contract.json").write_text(content, encoding="latin-1")
    with pytest.raises(ValueError, match=f"contract.json:? ?{said.removeprefix(': ')}"):
        read_contract(str(tmp_path))


def test_a_whole_number_is_a_number_too(tmp_path, make_contract):
    make_contract("reward_model", reward_mean=1, beta=2).save(tmp_path)
    assert read_contract(str(tmp_path)).reward_mean == 1


@pytest.mark.parametrize(
    ("field", "promised"), [("tokenizer", "0" * 16), ("chat_template", None), ("bos", 7), ("eos", 8), ("pad", None)]
)
def test_a_mismatch_is_refused_with_both_values(tokenizer, make_contract, field, promised):
    check_tokenizer(make_contract("reward_model"), tokenizer, "folder")
    found = tokenizer_fields(tokenizer)[field]
    expected = f"folder: contract.json promises {field} {promised}, but the tokenizer there has {found}"
    with pytest.raises(ValueError, match=expected):
        check_tokenizer(make_contract("reward_model", **{field: promised}), tokenizer, "folder")


def test_the_fingerprint_is_of_the_tokenizer_and_not_of_its_use(tokenizer, tmp_path):
    before = tokenizer_fingerprint(tokenizer)
    used = copy.deepcopy(tokenizer)
    used(["a", "a longer text"], padding=True, truncation=True, max_length=3)
    assert tokenizer_fingerprint(used) == before
    used.save_pretrained(tmp_path)
    assert tokenizer_fingerprint(type(tokenizer).from_pretrained(tmp_path)) == before
    used.add_tokens(["brandnew"])
    assert tokenizer_fingerprint(used) != before


def test_other_texts_train_another_tokenizer():
    first, again, other = (
        tokenizer_fingerprint(train_tokenizer([text] * 3, 270, 64)) for text in ("aba aba", "aba aba", "cdcd cd")
    )
    assert first == again != other


def test_another_chat_template_is_another_field(tokenizer):
    changed = copy.deepcopy(tokenizer)
    changed.chat_template += " "
    assert tokenizer_fields(changed)["chat_template"] != tokenizer_fields(tokenizer)["chat_template"]
    changed.chat_template = None
    assert tokenizer_fields(changed)["chat_template"] is None
