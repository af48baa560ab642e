import copy
import json
import logging
import warnings
import weakref

import pytest
import torch
from safetensors import safe_open
from transformers import AutoModelForSequenceClassification

from rmexp.models.backbones.location import folder_fingerprint, is_adapter
from rmexp.models.backbones.pretrained import dtype_of_files
from rmexp.models.folders.adapter import adapter_base, merged_adapter
from rmexp.models.folders.chat_template import chat_messages
from rmexp.models.folders.conversation_template import EXAMPLES
from rmexp.models.folders.export import prepare_export
from rmexp.models.folders.parity import check_parity, own_scores
from rmexp.scoring.explicit import ExplicitScorer
from rmexp.scoring.hub import HubScorer

peft = pytest.importorskip("peft", reason="peft is not installed (pip install 'rmexp[lora]')")


@pytest.fixture(scope="module")
def make(reward_folder, tmp_path_factory, tokenizer):
    """An adapter on a reward model that changes its scores, with or without its head."""

    def save(head):
        folder = tmp_path_factory.mktemp("adapter")
        base = AutoModelForSequenceClassification.from_pretrained(reward_folder)
        settings = peft.LoraConfig(
            task_type="SEQ_CLS", r=2, target_modules=["q_proj"], modules_to_save=["score"] if head else None
        )
        if not head:
            settings.task_type = None  # peft would save the head of a classifier unasked
        torch.manual_seed(5)
        adapted = peft.get_peft_model(copy.deepcopy(base), settings)
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name or "modules_to_save" in name:
                torch.nn.init.normal_(parameter)
        adapted.save_pretrained(folder)
        config = json.loads((folder / "adapter_config.json").read_text()) | {"task_type": "SEQ_CLS"}
        (folder / "adapter_config.json").write_text(json.dumps(config))
        return folder, adapted.eval()

    return save


def test_a_merged_adapter_scores_as_the_adapted_model(make, tokenizer):
    folder, adapted = make(True)
    assert is_adapter(str(folder))
    prepared = prepare_export(str(folder), EXAMPLES)
    own = own_scores(prepared, EXAMPLES)
    with torch.inference_mode():
        expected = [adapted(torch.tensor([row.token_ids])).logits.item() for row in own.tokens]
    assert own.scores == pytest.approx(expected, abs=1e-5)
    assert any("was merged" in remark for remark in prepared.remarks)


def test_nothing_is_said_of_the_head_that_the_adapter_brings(reference_folder, tmp_path, tokenizer, caplog):
    base = AutoModelForSequenceClassification.from_pretrained(reference_folder, num_labels=1)
    settings = peft.LoraConfig(task_type="SEQ_CLS", r=2, target_modules=["q_proj"], modules_to_save=["score"])
    peft.get_peft_model(base, settings).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    caplog.clear()
    transformers = logging.getLogger("transformers")
    transformers.addHandler(caplog.handler)
    try:
        with warnings.catch_warnings(action="error"), merged_adapter(str(tmp_path)):
            assert caplog.messages == []
        assert transformers.getEffectiveLevel() == logging.WARNING  # what the program has set is as before
    finally:
        transformers.removeHandler(caplog.handler)


def test_an_adapter_of_a_reward_model_scores_as_it_is(make, limits, pairs):
    folder, adapted = make(True)
    options = {"limits": limits, "threads": 1}
    own = ExplicitScorer("own", str(folder), "32-true", **options)
    scorers = own, HubScorer("hub", str(folder), None, "float32", False, **options)
    with torch.inference_mode():
        expected = [
            adapted(torch.tensor([own.encoder.encode([(pair.prompt, response)])[0].token_ids])).logits.item()
            for pair in pairs
            for response in pair.responses
        ]
    for scorer in scorers:
        rewards = [score for row in scorer.score(pairs) for score in row.scores]
        assert rewards == pytest.approx(expected, abs=1e-4)
        assert folder_fingerprint(str(folder)) in scorer.fingerprint
    assert scorers[1].describe()["path"] == str(folder)


@pytest.mark.usefixtures("parity_here")
@pytest.mark.parametrize("merge", [True, False])
def test_an_adapter_on_a_base_in_half_precision_is_exported(tiny_model, tmp_path, merge):
    config = copy.deepcopy(tiny_model.causal_lm.config)
    config.num_labels = 1
    base = AutoModelForSequenceClassification.from_config(config)
    base.to(torch.bfloat16).save_pretrained(tmp_path / "base")
    tiny_model.tokenizer.save_pretrained(tmp_path / "base")
    settings = peft.LoraConfig(task_type="SEQ_CLS", r=2, target_modules=["q_proj"])
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path / "base", dtype=torch.float32)
    torch.manual_seed(5)
    adapted = peft.get_peft_model(loaded, settings)
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter)
    adapted.save_pretrained(tmp_path / "adapter")
    prepared = prepare_export(str(tmp_path / "adapter"), EXAMPLES, merge=merge)
    own = own_scores(prepared, EXAMPLES)
    prepared.write(tmp_path / "out", lambda written: check_parity(written, prepared.kind, own, EXAMPLES))
    assert dtype_of_files(tmp_path / "out") == ("bfloat16" if merge else "float32")
    with torch.inference_mode():
        expected = [adapted.eval()(torch.tensor([row.token_ids])).logits.item() for row in own.tokens]
    assert own.scores == pytest.approx(expected, abs=0.05 if merge else 1e-4)


def test_an_adapter_of_several_labels_is_weighted(tiny_model, reference_folder, tmp_path, limits, pairs):
    settings = peft.LoraConfig(task_type="SEQ_CLS", r=2, target_modules=["q_proj"])
    base = AutoModelForSequenceClassification.from_pretrained(reference_folder, num_labels=3)
    adapted = peft.get_peft_model(base, settings).eval()
    adapted.save_pretrained(tmp_path)
    options = {"limits": limits, "threads": 1, "weights": {"1": 2.0}}
    scorer = HubScorer("hub", str(tmp_path), None, "float32", False, **options)
    (row,) = scorer.score(pairs[:1])
    turns = chat_messages(pairs[0].prompt, pairs[0].chosen)
    ids = tiny_model.tokenizer.apply_chat_template(turns, return_dict=True, return_tensors="pt")
    with torch.inference_mode():
        assert row.scores[0] == pytest.approx(2 * adapted(**ids).logits[0, 1].item(), abs=1e-4)


@pytest.mark.parametrize("reader", ["parity_here", pytest.param("a fresh process", marks=pytest.mark.slow)])
def test_an_adapter_stays_one_with_its_head_and_scores_alike_when_read_again(
    make, reward_folder, tmp_path, reader, request
):
    if reader == "parity_here":
        request.getfixturevalue(reader)
    folder, _ = make(True)
    prepared = prepare_export(str(folder), EXAMPLES, merge=False)
    own = own_scores(prepared, EXAMPLES)
    prepared.write(tmp_path / "out", lambda written: check_parity(written, prepared.kind, own, EXAMPLES))
    assert prepared.adapter
    assert not (tmp_path / "out" / "model.safetensors").exists()
    with safe_open(tmp_path / "out" / "adapter_model.safetensors", "pt") as weights:
        assert any(".score." in name for name in weights.keys())  # noqa: SIM118
    assert adapter_base(str(tmp_path / "out")) == str(reward_folder)


def test_a_whole_model_cannot_stay_an_adapter(reward_folder):
    with pytest.raises(ValueError, match=r"is a whole model, so there is no adapter to keep apart \(set merge=true\)"):
        prepare_export(str(reward_folder), EXAMPLES, merge=False)


def test_the_merged_weights_are_in_memory_once(make, monkeypatch):
    merge, seen = peft.tuners.lora.LoraModel.merge_and_unload, []

    def recorded(self, *given, **options):
        whole = merge(self, *given, **options)
        seen.append(weakref.ref(whole.base_model.layers[0].mlp.up_proj.weight))
        return whole

    monkeypatch.setattr(peft.tuners.lora.LoraModel, "merge_and_unload", recorded)
    folder, _ = make(True)
    with merged_adapter(str(folder)):
        assert [weight() for weight in seen] == [None]


def test_a_head_that_was_not_saved_is_a_sentence(make):
    folder, _ = make(False)
    with pytest.raises(ValueError, match="has no weights of the head `score`"), merged_adapter(str(folder)):
        pass


def test_adapters_are_told_by_their_weights(make, reward_folder):
    folder, _ = make(True)
    before = folder_fingerprint(str(folder))
    (folder / "adapter_model.safetensors").write_bytes(b"damaged")
    assert folder_fingerprint(str(folder)) != before
    with pytest.raises(ValueError, match="cannot be loaded"), merged_adapter(str(folder)):
        pass
    assert not is_adapter(str(reward_folder))


def test_an_adapter_of_another_kind_is_a_sentence(tmp_path):
    (tmp_path / "adapter_config.json").write_text('{"task_type": "TOKEN_CLS"}')
    message = "expected an adapter for SEQ_CLS or CAUSAL_LM, got TOKEN_CLS"
    with pytest.raises(ValueError, match=message), merged_adapter(str(tmp_path)):
        pass
