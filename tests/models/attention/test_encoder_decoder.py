import pytest
import torch
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BartForSequenceClassification,
    BartModel,
    T5Config,
    T5ForConditionalGeneration,
    T5ForSequenceClassification,
    T5Model,
)

from rmexp.models.backbones.encoder import encoder
from rmexp.models.backbones.hub import hub
from rmexp.models.reward_model import RewardModel
from rmexp.scoring.hub import HubScorer

SIZE = {"vocab_size": 320, "pad_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2, "d_model": 16}
PARTS = {
    f"{part}_{key}": value
    for part in ("encoder", "decoder")
    for key, value in {"layers": 2, "attention_heads": 2, "ffn_dim": 32}.items()
}
BART = BartConfig(**SIZE, **PARTS, bos_token_id=1, max_position_embeddings=256)
T5 = T5Config(**SIZE, d_kv=8, d_ff=32, num_layers=2, num_heads=2)
OPTIONS = {"revision": None, "dtype": "float32", "trust_remote_code": False}


def own_states(body, ids):
    """(encoder's, decoder's) last states of one text by transformers alone, the decoder's input as it shifts it."""
    text = torch.tensor([ids])
    shifted = torch.tensor([[body.config.decoder_start_token_id, *ids[:-1]]])
    found = body(input_ids=text, decoder_input_ids=shifted)
    return found.encoder_last_hidden_state[0], found.last_hidden_state[0]


@pytest.mark.parametrize("body", [lambda: BartModel(BART), lambda: T5Model(T5)], ids=["bart", "t5"])
@pytest.mark.parametrize("pooling", ["last_token", "mean", "first_token"])
def test_a_reward_is_read_from_the_decoder_or_the_encoder(body, pooling, responses, batch):
    torch.manual_seed(0)
    model = RewardModel(body(), pooling=pooling, mask_padding=True).eval()
    read = {
        "last_token": lambda states: states[1][-1],
        "mean": lambda states: states[0].mean(0),
        "first_token": lambda states: states[0][0],
    }[pooling]
    with torch.no_grad():
        states = torch.stack([read(own_states(model.body, row.token_ids)) for row in responses])
        assert torch.allclose(model(batch), states @ model.head.weight[0], atol=1e-5)


def test_bart_reads_what_its_own_classifier_reads(responses):
    torch.manual_seed(0)
    classifier = BartForSequenceClassification(BART).eval()
    found = []
    classifier.classification_head.register_forward_pre_hook(lambda _, given: found.append(given[0][0]))
    body = classifier.base_model
    for row in responses:
        ids = [*(token for token in row.token_ids if token != 2), 2]
        with torch.no_grad():
            classifier(input_ids=torch.tensor([ids]))
            assert torch.allclose(own_states(body, ids)[1][-1], found.pop(), atol=1e-5)


@pytest.mark.parametrize("pooling", ["last_token", "mean"])
def test_what_no_reward_depends_on_does_not_learn(pooling, batch):
    model = RewardModel(T5Model(T5), pooling=pooling, mask_padding=True)
    model(batch).sum().backward()
    for name, parameter in model.named_parameters():
        idle = pooling == "mean" and ".decoder." in name
        assert (parameter.grad is None) == idle == (not parameter.requires_grad), name
    assert model.body.shared.weight.grad.any()


@pytest.fixture
def folder(tmp_path, tokenizer):
    def save(model):
        model.save_pretrained(tmp_path)
        tokenizer.save_pretrained(tmp_path)
        return str(tmp_path)

    return save


@pytest.mark.parametrize("model", [lambda: BartForConditionalGeneration(BART), lambda: T5ForConditionalGeneration(T5)])
def test_what_is_published_to_generate_is_a_body(model, folder):
    path = folder(model())
    start = encoder((), 0, path=path, pooling="last_token", **OPTIONS)
    assert (type(start.body).__name__ in ("BartModel", "T5Model"), start.pooling) == (True, "last_token")
    with pytest.raises(ValueError, match="has an encoder and a decoder; rewards are trained on it with model=encoder"):
        hub((), 0, path=path, **OPTIONS)


@pytest.mark.parametrize("kind", [(BartForSequenceClassification, BART), (T5ForSequenceClassification, T5)])
def test_a_classifier_of_others_scores_as_it_is_and_does_not_go_on(kind, folder, limits, plain_tokenizer, pairs):
    torch.manual_seed(0)
    model_class, config = kind
    config.num_labels = 1
    classifier = model_class(config).eval()
    path = folder(classifier)
    with pytest.raises(ValueError, match=r"otherwise than from one hidden state .* \(scorer=hub scores with it\)"):
        encoder((), 0, path=path, pooling="last_token", **OPTIONS)
    scorer = HubScorer("hub", path, None, "float32", False, limits=limits, threads=1)
    rewards = [score for row in scorer.score(pairs[:2]) for score in row.scores]
    items = [(pair.prompt, response) for pair in pairs[:2] for response in pair.responses]
    turns = [[{"role": "user", "content": one}, {"role": "assistant", "content": two}] for one, two in items]
    read = [scorer.tokenizer.apply_chat_template(each, return_dict=True, return_tensors="pt") for each in turns]
    with torch.no_grad():
        expected = [classifier(input_ids=row["input_ids"]).logits.item() for row in read]
    assert rewards == pytest.approx(expected, abs=1e-5)
