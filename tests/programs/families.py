"""Families of models, each tiny and with random weights: trained with our head, saved, read again, exported.

`python tests/programs/families.py` writes docs/families.md with what became of each.
"""

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoModelForSeq2SeqLM,
)

from rmexp.encoding.batches import ResponseBatch
from rmexp.encoding.pack import response_batch
from rmexp.encoding.tokenizer_identity import tokenizer_fields
from rmexp.encoding.tokens import ResponseTokens
from rmexp.losses.bradley_terry import bradley_terry_loss
from rmexp.models.backbones.encoder import encoder
from rmexp.models.backbones.hub import hub
from rmexp.models.backbones.reward_start import HEAD_FILE
from rmexp.models.backbones.tiny import train_tokenizer
from rmexp.models.folders.contract import Contract
from rmexp.models.folders.export import prepare_export
from rmexp.models.folders.folder import load_reward_model, save_folder
from rmexp.models.reward_model import RewardModel

OPTIONS: dict[str, Any] = {"revision": None, "dtype": "float32", "trust_remote_code": False}
SPECIAL = {"vocab_size": 320, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
DEEP = {**SPECIAL, "hidden_size": 16, "num_hidden_layers": 2}
HEADS = {"num_attention_heads": 2, "num_key_value_heads": 2, "intermediate_size": 32, "max_position_embeddings": 256}
WIDE = {**DEEP, **HEADS}
SSM = {"mamba_n_heads": 4, "mamba_d_head": 8, "mamba_d_state": 4, "mamba_n_groups": 1}
SEEING = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
GEMMA_3 = {"text_config": {**WIDE, "head_dim": 8}, "vision_config": {**SEEING, "image_size": 28, "patch_size": 14}}
DEPTH = {"layers": 2, "attention_heads": 2, "ffn_dim": 32}
EXPERTS = {"num_local_experts": 2, "num_experts_per_tok": 1}

TURNED = {"rope_parameters": {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 1e4}}
SEEING_QWEN = {"depth": 1, "hidden_size": 16, "num_heads": 2, "intermediate_size": 16, "out_hidden_size": 16}
QWEN_VL = {"text_config": {**WIDE, **TURNED}, "vision_config": SEEING_QWEN}

BOTH = {"vocab_size": 320, "pad_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 0, "d_model": 16}
FEED = {f"{part}_{key}": value for part in ("encoder", "decoder") for key, value in DEPTH.items()}

FAMILIES = {  # name -> class of its configuration, and a small one
    "Mamba": ("MambaConfig", {**DEEP, "state_size": 4}),
    "Gemma 3": ("Gemma3Config", GEMMA_3),
    "Granite": ("GraniteConfig", WIDE),
    "T5": ("T5Config", {**BOTH, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2}),
}
FURTHER = {
    "Llama": ("LlamaConfig", WIDE),
    "Mistral": ("MistralConfig", WIDE),
    "Qwen 2": ("Qwen2Config", WIDE),
    "Qwen 3": ("Qwen3Config", {**WIDE, "head_dim": 8}),
    "Phi 3": ("Phi3Config", WIDE),
    "OLMo 2": ("Olmo2Config", WIDE),
    "SmolLM 3": ("SmolLM3Config", WIDE),
    "Gemma 3, text": ("Gemma3TextConfig", {**WIDE, "head_dim": 8}),
    "GPT-NeoX": ("GPTNeoXConfig", {**DEEP, "num_attention_heads": 2, "intermediate_size": 32}),
    "Cohere": ("CohereConfig", WIDE),
    "Cohere 2": ("Cohere2Config", WIDE),
    "LFM2": ("Lfm2Config", {**WIDE, "layer_types": ["conv", "full_attention"], "block_auto_adjust_ff_dim": False}),
    "RWKV": ("RwkvConfig", {**DEEP, "attention_hidden_size": 16, "context_length": 256}),
    "BitNet": ("BitNetConfig", WIDE),
    "Mamba 2": ("Mamba2Config", {**DEEP, "state_size": 4, "num_heads": 4, "head_dim": 8, "n_groups": 1}),
    "Falcon-H1": ("FalconH1Config", {**WIDE, **SSM, "mamba_d_ssm": 32}),
    "Bamba": ("BambaConfig", {**WIDE, **SSM, "attn_layer_indices": [1]}),
    "RecurrentGemma": ("RecurrentGemmaConfig", {**WIDE, "lru_width": 16, "head_dim": 8}),
    "Granite, experts": ("GraniteMoeConfig", {**WIDE, **EXPERTS}),
    "OLMoE": ("OlmoeConfig", {**WIDE, "num_experts": 4, "num_experts_per_tok": 2}),
    "BART": ("BartConfig", {**BOTH, **FEED, "bos_token_id": 1, "max_position_embeddings": 256}),
    "mBART": ("MBartConfig", {**BOTH, **FEED, "bos_token_id": 1, "max_position_embeddings": 256}),
    "mT5": ("MT5Config", {**BOTH, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2}),
    "Ernie 4.5": ("Ernie4_5Config", WIDE),
    "Qwen 2.5 VL": ("Qwen2_5_VLConfig", QWEN_VL),
    "Llama 4, text": ("Llama4TextConfig", {**WIDE, "head_dim": 8, "num_local_experts": 2, "intermediate_size_mlp": 32}),
}
ALL = FAMILIES | FURTHER
PAGE = Path(__file__).parents[2] / "docs" / "families.md"
TEXT = """# Families of models

Made by `python tests/programs/families.py`. It builds each family with two small layers and random weights, reads it as
`model=hub`, trains one step with a new reward head, saves the model, reads it again and compares the rewards.

Families with an encoder and a decoder are read as `model=encoder`. `model.pooling=last_token` reads the decoder's state
at the last token, as here; `mean` and `first_token` read the encoder's.

* *body*: what is trained. Of a model that also sees or hears, that is its text model.
* *rows*: how batches are computed, see [speed](speed.md).
* *saved for*: what loads `model/`. Where transformers has no sequence classifier, `AutoModel` loads the body, and the
  head is in `reward_head.safetensors` beside it. `scorer=explicit` and `model.init_from` read both kinds.
* *export*: whether `rmexp export` makes a plain transformers folder of it. Where it does not, it says why.

| family | body | rows | saved for | export |
|---|---|---|---|---|
"""


def responses() -> ResponseBatch:
    """Four responses of 3 to 9 tokens."""
    ids = torch.randint(6, 260, (4, 9), generator=torch.Generator().manual_seed(0)).tolist()
    return response_batch(
        [ResponseTokens(tuple(row[:length]), 2, False) for row, length in zip(ids, (9, 3, 7, 5), strict=True)]
    )


def row_of(name: str, path: Path) -> str:
    """Train, save and read a family; its row of the table.

    Args:
        name: of the family.
        path: an empty folder.
    """
    torch.manual_seed(0)
    kind, sizes = ALL[name]
    config, tokenizer, batch = getattr(transformers, kind)(**sizes), train_tokenizer(["a text"], 320, 256), responses()
    _class_of(config).from_config(config).save_pretrained(path / "others")
    tokenizer.save_pretrained(path / "others")
    both = config.is_encoder_decoder
    read = partial(encoder, pooling="last_token") if both else hub
    start = read((), 0, path=str(path / "others"), **OPTIONS)
    model = RewardModel(start.body, mask_padding=start.mask_padding)
    model.body.eval()  # no dropout
    rewards = _one_step(model, batch)
    expected = _rewards(model, batch)
    assert not torch.allclose(expected, rewards)
    promised = {"max_tokens": 256, "dtype": "float32", "base_model": "others", "revision": None}
    contract = Contract("reward_model", pooling="last_token", **promised, **tokenizer_fields(start.tokenizer))
    save_folder(path / "ours", model.save, start.tokenizer, contract)
    again, _ = load_reward_model(str(path / "ours"))
    torch.testing.assert_close(_rewards(again.eval(), batch), expected, rtol=1e-4, atol=1e-5)
    apart = (path / "ours" / HEAD_FILE).is_file()
    saved = f"`AutoModel`, `{HEAD_FILE}`" if apart else "`AutoModelForSequenceClassification`"
    rows = "packed" if model.packed else "padded"
    return f"| {name} | `{type(start.body).__name__}` | {rows} | {saved} | {_export(path / 'ours')} |"


def _class_of(config: Any) -> Any:
    """The class of transformers that a family is published in."""
    if config.is_encoder_decoder:
        return AutoModelForSeq2SeqLM
    return AutoModelForCausalLM if type(config) in MODEL_FOR_CAUSAL_LM_MAPPING else AutoModelForImageTextToText


def _one_step(model: RewardModel, batch: ResponseBatch) -> torch.Tensor:
    """The rewards before one step that every weight of a body's layers has to learn in."""
    rewards = model(batch)
    bradley_terry_loss(rewards[::2], rewards[1::2]).mean().backward()
    assert any(weights.grad is not None and weights.grad.any() for weights in model.body.parameters())
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    return rewards.detach()


@torch.no_grad()
def _rewards(model: RewardModel, batch: ResponseBatch) -> torch.Tensor:
    found: torch.Tensor = model(batch)
    return found


def _export(folder: Path) -> str:
    try:
        prepare_export(str(folder), [("a", "b")])
    except ValueError as error:
        if not any(reason in str(error) for reason in ("has no sequence classifier", "which no classifier of")):
            raise
        return "no"
    return "yes"


def main() -> None:
    """Write the page."""
    rows = []
    for name in sorted(ALL, key=str.lower):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(row_of(name, Path(folder)))
    PAGE.write_text(TEXT + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
