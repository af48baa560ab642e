import copy

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from rmexp.encoding.pack import response_batch
from rmexp.encoding.tokens import ResponseTokens
from rmexp.models.attention.choose import keeps_scores
from rmexp.models.backbones.tiny import tiny
from rmexp.models.backbones.trained_weights import choose_trained
from rmexp.models.reward_model import RewardModel
from rmexp.training.plan.needs import BatchShape, ModelShape, Setting, activations, needs
from rmexp.training.plan.shapes import adapters_of, batch_shape, model_shape

SHAPE = ModelShape(64, 4, 4, 2, 16, 160, parameters=1000, embedded=400)
BATCH = BatchShape(pairs=8, tokens=1000, read=16, scores=50_000, tiled_keys=2000)


def setting(precision="32-true", **options):
    return Setting(precision, 2, **({"checkpointing": False, "keeps_scores": False, "flops": 1e9} | options))


def test_a_sharded_model_takes_its_part_and_a_layer():
    whole, part = (needs(SHAPE, BATCH, setting(), 8, sharing) for sharing in ("ddp", "fsdp"))
    assert whole.weights == 4000
    assert part.weights == 4000 / 8 + 4000 / 4
    assert part.optimizer == 8000 / 8
    assert part.activations == whole.activations == activations(SHAPE, BATCH, setting()) / 8


def test_what_is_sent_is_that_of_rings():
    assert needs(SHAPE, BATCH, setting(), 4, "ddp").communication == 2 * 4000 * 3 / 4
    assert needs(SHAPE, BATCH, setting(), 4, "fsdp").communication == 3 * 4000 * 3 / 4
    assert needs(SHAPE, BATCH, setting(), 1, "fsdp").communication == 0


def test_half_precision_halves_what_it_says():
    mixed, half = (needs(SHAPE, BATCH, setting(name), 1, "ddp") for name in ("bf16-mixed", "bf16-true"))
    assert mixed.weights == 4000 + 2 * 600
    assert (half.weights, half.gradients, half.optimizer) == (2000, 2000, 4000)


def test_a_step_is_six_operations_a_token_and_parameter_but_for_attention():
    alone = BATCH.__class__(8, 1000, 16, 0, 1000)
    assert needs(SHAPE, alone, setting(), 1, "ddp").seconds == pytest.approx(6 * 600 * 1000 / 1e9)
    assert needs(SHAPE, alone, setting(checkpointing=True), 1, "ddp").seconds == pytest.approx(8 * 600 * 1000 / 1e9)


def test_adapters_alone_have_gradients_and_states():
    adapted, rounded = setting(adapters=100), setting(adapters=100, rounded=512)
    whole, light = (needs(SHAPE, BATCH, one, 4, "ddp") for one in (adapted, rounded))
    assert (whole.weights, whole.gradients, whole.optimizer) == (4400, 400, 800)
    assert whole.communication == 2 * 400 * 3 / 4
    assert (
        light.weights == (1000 - 512 + 100) * 4 + 512 / 2 + 512 / 64 * 4 + 64 * 160 * 4
    )  # the last: a matrix made whole
    assert (light.gradients, light.optimizer, light.seconds) == (whole.gradients, whole.optimizer, whole.seconds)


def test_a_frozen_weight_costs_four_operations_a_token():
    alone = BatchShape(8, 1000, 16, 0, 1000)
    found = needs(SHAPE, alone, setting(adapters=100), 1, "ddp").seconds
    assert found == pytest.approx((4 * 600 + 6 * 100) * 1000 / 1e9)


@pytest.mark.parametrize("modules", ["all-linear", ["q_proj", "up_proj"], r".*\.q_proj"])
def test_adapters_are_as_many_as_peft_puts_in(modules):
    pytest.importorskip("peft", reason="the extra lora is not installed")
    body = tiny(["some text"], 0, hidden_size=64, layers=2, heads=4, vocabulary=300, max_positions=512).body
    adapters = {"rank": 4, "alpha": 8, "modules": modules}
    planned, linear = adapters_of(body.config, adapters)
    assert linear == sum(part.weight.numel() for part in body.modules() if isinstance(part, torch.nn.Linear))
    choose_trained(body, "adapters", adapters)
    assert planned == sum(weight.numel() for weight in body.parameters() if weight.requires_grad)


@pytest.mark.parametrize("size", [(64, 3), (128, 2)])
def test_activations_are_what_the_backward_pass_is_left(size):
    """Every storage that autograd keeps in a real step is counted once, weights left out."""
    hidden, layers = size
    start = tiny(["some text"], 0, hidden_size=hidden, layers=layers, heads=4, vocabulary=300, max_positions=512)
    model = RewardModel(copy.deepcopy(start.body))
    generator = torch.Generator().manual_seed(0)
    prompts = [torch.randint(6, 260, (60,), generator=generator).tolist() for _ in range(4)]
    texts = [[*prompt, *torch.randint(6, 260, (40,), generator=generator).tolist()] for prompt in prompts for _ in "ab"]
    batch = response_batch([ResponseTokens(tuple(text), 60, False) for text in texts])
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, torch.Tensor] = {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(batch).sum().backward()
    found = sum(tensor.untyped_storage().nbytes() for place, tensor in kept.items() if place not in weights)
    planned = activations(
        model_shape(start.body.config, likelihood=False),
        batch_shape([(4, batch)], likelihood=False),
        setting(keeps_scores=keeps_scores("cpu", half=False)),
    )
    assert planned == pytest.approx(found, rel=0.1)


def test_the_head_counts_among_the_parameters_unless_it_is_the_embedding():
    size = {"hidden_size": 16, "layers": 1, "heads": 2, "vocabulary": 300, "max_positions": 64}
    start = tiny(["some text"], 0, **size)
    rewards = RewardModel(copy.deepcopy(start.body))
    assert model_shape(start.body.config, likelihood=False).parameters == _count(rewards)
    for tied in (True, False):
        config = copy.deepcopy(start.body.config)
        config.tie_word_embeddings = tied
        assert model_shape(config, likelihood=True).parameters == _count(AutoModelForCausalLM.from_config(config))
        assert model_shape(config, likelihood=True).multiplied == model_shape(config, likelihood=False).multiplied


@pytest.mark.parametrize(
    "kind", ["phi", "gptj", "codegen", "ctrl", "bert-generation", "roberta", "gpt2", "opt", "cpmant"]
)
def test_all_that_a_head_has_is_counted(kind):
    """Biases, and layers of its own, though its matrix may be the embedding."""
    size = {"vocab_size": 300, "num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 32}
    size |= {"ffn_dim": 64, "word_embed_proj_dim": 32} if kind == "opt" else {}
    size |= {"rotary_dim": 8} if kind in ("codegen", "gptj") else {}
    config = AutoConfig.for_model(kind, **size)
    found = model_shape(config, likelihood=True)
    whole = AutoModelForCausalLM.from_config(config)
    assert found.parameters == _count(whole)
    tables = sum(_count(part) for part in whole.modules() if isinstance(part, torch.nn.Embedding))
    above = {name for name, _ in whole.named_parameters() if not name.startswith(f"{whole.base_model_prefix}.")}
    head = sum(part.numel() for name, part in whole.named_parameters() if name in above)
    assert found.embedded == tables + head


@pytest.mark.parametrize("kind", ["qwen2_vl", "qwen2_5_vl", "qwen3_vl"])
def test_models_that_also_see_have_the_head_of_their_text(kind):
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    size |= {"num_key_value_heads": 2, "vocab_size": 300}
    untied, tied = (
        model_shape(AutoConfig.for_model(kind, text_config=size, tie_word_embeddings=tied), likelihood=True)
        for tied in (False, True)
    )
    assert untied.parameters - tied.parameters == 300 * 32


def _count(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("kind", "why"),
    [("mamba", "no num_attention_heads"), ("gemma3n_text", "intermediate_size differs"), ("gemma4_text", "head_dim")],
)
def test_a_model_without_heads_or_with_unlike_layers_is_told(kind, why):
    try:
        config = AutoConfig.for_model(kind)
    except ValueError:
        pytest.skip(f"this transformers has no {kind}")
    with pytest.raises(ValueError, match=f"but {kind}: .*{why}"):
        model_shape(config, likelihood=False)
