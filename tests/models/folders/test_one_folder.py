"""What a run leaves is ready to be used: transformers' plain rendering and model give the rewards of training."""

import copy
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from rmexp.data.loading import Limits
from rmexp.encoding.encode import Encoder
from rmexp.models.backbones import own_template
from rmexp.models.backbones.reward_start import RewardStart
from rmexp.models.backbones.start import StartingFolders
from rmexp.models.backbones.tiny import CHAT_TEMPLATE
from rmexp.models.backbones.trained_weights import choose_trained
from rmexp.models.folders import padding
from rmexp.models.folders.adapter import merged_adapter
from rmexp.models.folders.chat_template import chat_messages
from rmexp.models.folders.conversation_template import EXAMPLES
from rmexp.models.folders.export import prepare_export
from rmexp.models.folders.folder import load_backbone, load_reward_model, save_folder
from rmexp.models.reward_model import RewardModel
from rmexp.scoring.explicit import ExplicitScorer
from rmexp.stages.model_folders import StageModel, save_adapter_alone, save_model

TURN = "<|{{ message.role }}|>{{ message.content }}{{ eos_token }}"
ASK = "{% if add_generation_prompt %}<|assistant|>{% endif %}"
EACH = "{% for message in messages %}"
STRIPPED = "{% if '</think>' in content %}{% set content = content.split('</think>')[-1].lstrip('\\n') %}{% endif %}"
NOTHING_FREE = "no token that could pad"
TEMPLATES = {
    "line break behind the end": f"{EACH}{TURN}\n{{% endfor %}}{ASK}",
    "thinking stripped": (
        f"{EACH}{{% set content = message.content %}}{STRIPPED}"
        f"<|{{{{ message.role }}}}|>{{{{ content }}}}{{{{ eos_token }}}}{{% endfor %}}{ASK}"
    ),
    "thinking inserted": (
        f"{EACH}<|{{{{ message.role }}}}|>{{% if message.role == 'assistant' %}}<think>\n\n</think>\n\n{{% endif %}}"
        f"{{{{ message.content }}}}{{{{ eos_token }}}}{{% endfor %}}{ASK}"
    ),
    "begin token rendered": f"{{{{ bos_token }}}}{EACH}{TURN}{{% endfor %}}\n{ASK}",
    "date": f"<|system|>Today is {{{{ strftime_now('%d %b %Y') }}}}.{{{{ eos_token }}}}{EACH}{TURN}{{% endfor %}}{ASK}",
    NOTHING_FREE: f"{EACH}{TURN}{{% endfor %}}{ASK}",
}
THOUGHT = ("Think.", "<think>\nIt is late.\n</think>\n\nGood night.")
CONVERSATIONS = (*EXAMPLES, THOUGHT)


def plain_rewards(folder, load=AutoModelForSequenceClassification.from_pretrained, **options):
    """By transformers alone, one conversation after the other, and all of them padded in one batch."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), load(folder, dtype=torch.float32, **options).eval()
    if options:
        model.config.pad_token_id = tokenizer.pad_token_id  # as the card of an adapter says
    turns = [chat_messages(*example) for example in CONVERSATIONS]
    with torch.inference_mode():
        alone = [
            float(model(**tokenizer.apply_chat_template(one, return_dict=True, return_tensors="pt")).logits)
            for one in turns
        ]
        batch = tokenizer.apply_chat_template(turns, return_dict=True, return_tensors="pt", padding=True)
        together = model(**batch).logits[:, 0].tolist()
    assert together == pytest.approx(alone, abs=1e-4)
    return alone


@pytest.fixture(params=TEMPLATES)
def trained(request, tmp_path, tiny_model, limits):
    """A reward model with adapters as a run leaves it: module, start and the rewards that training gives."""
    tokenizer = copy.deepcopy(tiny_model.tokenizer)
    tokenizer.chat_template, tokenizer.padding_side = TEMPLATES[request.param], "right"
    tokenizer.pad_token = tokenizer.eos_token  # as many do: a reward would be read before it
    if request.param == NOTHING_FREE:
        tokenizer.bos_token = tokenizer.unk_token = tokenizer.pad_token = None
    causal_lm = copy.deepcopy(tiny_model.causal_lm)
    causal_lm.save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    start = RewardStart(causal_lm.base_model, None, tokenizer, str(tmp_path / "base"), None)
    torch.manual_seed(4)
    model = RewardModel(start.body)
    torch.nn.init.normal_(model.head.weight)
    pytest.importorskip("peft", reason="peft is not installed (pip install 'rmexp[lora]')")
    choose_trained(start.body, "adapters", {"rank": 2, "alpha": 4, "modules": "all-linear"})
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.3)
    encoder = Encoder(tokenizer, replace(limits, max_tokens=256))
    with torch.inference_mode():
        expected = [
            float(model.body(input_ids=torch.tensor([row.token_ids])).last_hidden_state[0, -1] @ model.head.weight[0])
            for row in encoder.encode(CONVERSATIONS)
        ]
    module = SimpleNamespace(
        kind="reward_model", pooling="last_token", parameters=model.parameters, save=model.save, model=model
    )
    starting = SimpleNamespace(trained="adapters", load="full")
    parts = SimpleNamespace(
        folders=StartingFolders(None, None), model=SimpleNamespace(path=start.base_model, starting=starting)
    )
    return SimpleNamespace(module=module, start=start, expected=expected, template=request.param, parts=parts)


def test_model_adapter_and_export_give_the_rewards_of_training(trained, tmp_path, limits):
    peft = pytest.importorskip("peft", reason="peft is not installed (pip install 'rmexp[lora]')")
    folder = tmp_path / "model"
    save_model(folder, StageModel(trained.module, trained.start, 256, {}, None))
    assert plain_rewards(folder) == pytest.approx(trained.expected, abs=1e-4)

    adapter = tmp_path / "adapter"
    save_adapter_alone(trained.parts, trained.module, trained.start, adapter)
    loaded = peft.AutoPeftModelForSequenceClassification.from_pretrained
    assert plain_rewards(adapter, loaded, num_labels=1) == pytest.approx(trained.expected, abs=1e-4)

    prepare_export(str(folder), EXAMPLES).write(tmp_path / "out", lambda written: None)
    assert plain_rewards(tmp_path / "out") == pytest.approx(trained.expected, abs=1e-4)
    assert (tmp_path / "out" / "chat_template.jinja").read_text() == (folder / "chat_template.jinja").read_text()


def test_here_the_own_template_goes_on(trained, tmp_path, limits):
    folder = tmp_path / "model"
    save_model(folder, StageModel(trained.module, trained.start, 256, {}, None))
    suits = trained.template in ("begin token rendered", NOTHING_FREE)
    assert (folder / ("chat_template.jinja" if suits else own_template.FILE)).read_text() == TEMPLATES[trained.template]
    assert load_reward_model(str(folder))[1].chat_template == TEMPLATES[trained.template]
    assert load_backbone(str(folder)).tokenizer.chat_template == TEMPLATES[trained.template]
    scorer = ExplicitScorer(
        "own", str(folder), "32-true", limits=replace(limits, max_tokens=256, truncation="error"), threads=1
    )
    assert scorer.tokenizer.chat_template == TEMPLATES[trained.template]
    adapter = tmp_path / "adapter"
    save_adapter_alone(trained.parts, trained.module, trained.start, adapter)
    with merged_adapter(str(adapter)) as whole:
        assert load_backbone(whole).tokenizer.chat_template == TEMPLATES[trained.template]


def test_a_template_that_needs_nothing_stands_alone(reward_folder, tokenizer):
    assert (reward_folder / "chat_template.jinja").read_text() == CHAT_TEMPLATE
    assert not (reward_folder / own_template.FILE).exists()


def test_a_model_without_a_template_goes_on_without_one(tmp_path, tiny_model, plain_tokenizer, make_contract):
    contract = make_contract("language_model", chat_template=None)
    save_folder(tmp_path / "model", tiny_model.causal_lm.save_pretrained, plain_tokenizer, contract)
    assert (tmp_path / "model" / own_template.FILE).read_text() == ""
    assert load_backbone(str(tmp_path / "model")).tokenizer.chat_template is None
    assert AutoTokenizer.from_pretrained(tmp_path / "model").chat_template
    assert plain_tokenizer.chat_template is None


@pytest.mark.parametrize("trained", [NOTHING_FREE], indirect=True)
def test_a_padding_token_is_new_where_none_is_free(trained, tmp_path, monkeypatch):
    peft = pytest.importorskip("peft", reason="peft is not installed (pip install 'rmexp[lora]')")
    monkeypatch.setattr(padding, "ADDED", "<|spare|>")  # the tokenizer of these tests has <|pad|>
    embeddings = trained.start.body.get_input_embeddings()
    weight, rows = embeddings.weight, len(embeddings.weight)
    save_model(tmp_path / "model", StageModel(trained.module, trained.start, 256, {}, None))
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    assert (tokenizer.pad_token, tokenizer.pad_token_id) == ("<|spare|>", rows)
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert (config["pad_token_id"], config["vocab_size"]) == (rows, rows + 1)
    assert plain_rewards(tmp_path / "model") == pytest.approx(trained.expected, abs=1e-4)
    save_adapter_alone(trained.parts, trained.module, trained.start, tmp_path / "adapter")
    loaded = peft.AutoPeftModelForSequenceClassification.from_pretrained
    assert plain_rewards(tmp_path / "adapter", loaded, num_labels=1) == pytest.approx(trained.expected, abs=1e-4)
    assert embeddings.weight is weight  # it can go on learning
    assert trained.start.body.config.vocab_size == rows
    assert trained.start.tokenizer.pad_token is None
    texts = [f"{prompt} {response} <|spare|>" for prompt, response in (("Why?", "So."), ("Who?", "He."))]
    own, saved = (Encoder(one, Limits(256, "error", None, 1)) for one in (trained.start.tokenizer, tokenizer))
    assert [own.encode([("p", text)])[0] for text in texts] == [saved.encode([("p", text)])[0] for text in texts]
