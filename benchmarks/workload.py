"""What the training benchmarks run on: one random model, and encoded pairs of known lengths, in a folder."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from rmexp.encoding.splits import EncodedPairs

SIZES = {  # hidden size, layers, MLP width, heads
    "1m": (64, 2, 172, 4),
    "5m": (256, 6, 688, 4),
    "30m": (512, 8, 1376, 8),
    "100m": (768, 12, 2048, 12),
    "1100m": (2048, 22, 5632, 32),  # for a GPU
}
VOCABULARY = 8192
LENGTHS = {  # of prompt and responses, drawn; `prompt…` to see what a longer one costs
    "dialogues": lambda random: (
        random.integers(20, 330),
        *random.integers(10, 100, 2),
    ),  # where there are no real ones
    "prompts": lambda random: (random.integers(50, 251), *random.integers(10, 201, 2)),
    "short": lambda random: (random.integers(8, 25), *random.integers(10, 101, 2)),
    "equal": lambda _: (0, 128, 128),
    "prompt64": lambda _: (64, 64, 64),
    "prompt256": lambda _: (256, 64, 64),
    "prompt1024": lambda _: (1024, 64, 64),
}
PLACES = ("build/carried/pairs.jsonl.gz", "../shared/data/hh_helpful_base_test/pairs.jsonl.gz")
DIALOGUES = next((path for path in map(Path, PLACES) if path.is_file()), Path(PLACES[-1]))
Ids = list[int]


def synthetic_pairs(kind: str, count: int, seed: int) -> list[tuple[Ids, Ids, Ids]]:
    """Prompt, chosen and rejected ids, of lengths as `LENGTHS` has them."""
    random = np.random.default_rng(seed)

    def ids(length: int) -> Ids:
        return [int(token) for token in random.integers(3, VOCABULARY, length)]

    return [
        (ids(prompt), ids(chosen), ids(rejected))
        for prompt, chosen, rejected in (LENGTHS[kind](random) for _ in range(count))
    ]


def dialogue_pairs(count: int, tokenizer: Any) -> list[tuple[Ids, Ids, Ids]]:
    """The first pairs of HH's helpful-base test split, at most 512 tokens a side, cut from the left."""
    from rmexp.checked_fields import EmptyText
    from rmexp.data.loading import Limits
    from rmexp.encoding.encode import Encoder
    from rmexp.encoding.splits import encode_pairs
    from rmexp.lines import read_lines
    from rmexp.records import Preference

    records = []
    for _, line in read_lines(DIALOGUES):
        try:
            records.append(Preference.from_row(json.loads(line)))
        except EmptyText:  # a few responses of the public file are blank
            continue
        if len(records) == count:
            break
    pairs, _ = encode_pairs(records, Encoder(tokenizer, Limits(512, "cut_prompt", None, 8)))
    return [
        (
            list(pair.chosen.token_ids[: pair.chosen.prompt_tokens]),
            list(pair.chosen.token_ids[pair.chosen.prompt_tokens :]),
            list(pair.rejected.token_ids[pair.rejected.prompt_tokens :]),
        )
        for pair in pairs
    ]


def _shared(left: Ids, right: Ids) -> int:
    """How many ids both begin with."""
    return next(
        (at for at, both in enumerate(zip(left, right, strict=False)) if both[0] != both[1]), min(len(left), len(right))
    )


def encoded_pairs(pairs: Sequence[tuple[Ids, Ids, Ids]]) -> "EncodedPairs":
    """The pairs as a stage has them, the first response of each the better one."""
    from rmexp.encoding.encoded import Cut, EncodedResponses, WholeTokens
    from rmexp.encoding.splits import EncodedPairs
    from rmexp.encoding.token_rows import TokenRows

    prompts = TokenRows.of([prompt for prompt, *sides in pairs for _ in sides])
    responses = TokenRows.of([side for _, *sides in pairs for side in sides])
    places = np.arange(2 * len(pairs), dtype=np.int32)
    whole = WholeTokens(*prompts, *responses, places, places)
    encoded = EncodedResponses(whole, Cut(10**6, "cut_prompt", None))
    return EncodedPairs(encoded, np.arange(len(pairs)), np.ones(len(pairs)), np.full(len(pairs), np.nan))


def needed_flops(task: str, workload: dict[str, Any]) -> float:
    """Operations of a training step on one pair that no layout saves: 6 for each weight and token it is used at.

    Each distinct token passes the body once, and in DPO each response token the vocabulary's weights. Attention's own
    products and a reference model are left out.
    """
    vocabulary = workload["parameters"] - workload["body_parameters"]
    head = vocabulary * workload["response_tokens_a_pair"] if task == "dpo" else 0
    return 6.0 * (workload["body_parameters"] * workload["distinct_tokens_a_pair"] + head)


def prepared(folder: Path, size: str, data: str, count: int, seed: int, device: str = "cpu") -> dict[str, Any]:
    """What `prepare` wrote into a folder, or writes there now: several benchmarks may look at one."""
    known = folder / "workload.json"
    if known.is_file():
        found: dict[str, Any] = json.loads(known.read_text())
        if found["size"] == size and found["pairs"] >= count:
            return found
    found = prepare(folder, size, data, count, seed, device)
    known.write_text(json.dumps(found))
    return found


def prepare(folder: Path, size: str, data: str, count: int, seed: int, device: str = "cpu") -> dict[str, Any]:
    """Write `model/` and `pairs.json`, the weights drawn on a device; what they are, for the table."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from rmexp.lines import read_lines
    from rmexp.models.backbones.tiny import train_tokenizer

    real = data == "dialogues" and DIALOGUES.is_file()
    texts = [line.decode() for _, line in read_lines(DIALOGUES)] if real else ["a few words for a tokenizer"]
    tokenizer = train_tokenizer(texts[:1000], VOCABULARY, 2048)
    pairs = dialogue_pairs(count, tokenizer) if real else synthetic_pairs(data, count, seed)
    hidden, layers, width, heads = SIZES[size]
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=hidden, intermediate_size=width, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=heads, max_position_embeddings=2048, pad_token_id=0,
        bos_token_id=1, eos_token_id=2, tie_word_embeddings=True,
    )  # fmt: skip
    with torch.device(device):
        model = LlamaForCausalLM(config)
    model.save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    (folder / "pairs.json").write_text(json.dumps(pairs))
    body = sum(weight.numel() for weight in model.model.parameters()) - VOCABULARY * hidden
    sides = [len(prompt) * 2 + len(chosen) + len(rejected) for prompt, chosen, rejected in pairs]
    distinct = [
        len(prompt) + len(chosen) + len(rejected) - _shared(chosen, rejected) for prompt, chosen, rejected in pairs
    ]
    return {
        "size": size,
        "body_parameters": body,
        "parameters": body + VOCABULARY * hidden,
        "data": data if real or data != "dialogues" else "synthetic lengths of dialogues",
        "pairs": len(pairs),
        "tokens_a_pair": float(np.mean(sides)),
        "distinct_tokens_a_pair": float(np.mean(distinct)),
        "response_tokens_a_pair": float(np.mean([len(chosen) + len(rejected) for _, chosen, rejected in pairs])),
    }
