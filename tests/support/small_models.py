"""One thread, and small models that several files look at; nothing may train them in place."""

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

from rmexp.data.loading import Limits
from rmexp.encoding.batches import ResponseBatch
from rmexp.encoding.encoded import Cut, EncodedResponses, WholeTokens
from rmexp.encoding.pack import response_batch
from rmexp.encoding.splits import EncodedPairs
from rmexp.encoding.token_rows import TokenRows
from rmexp.encoding.tokenizer_identity import tokenizer_fields
from rmexp.encoding.tokens import PairTokens, ResponseTokens
from rmexp.models.backbones import reload
from rmexp.models.backbones.language_model import LanguageModel
from rmexp.models.backbones.tiny import tiny
from rmexp.models.folders import parity
from rmexp.models.folders.chat_template import chat_messages
from rmexp.models.folders.contract import Contract
from rmexp.models.folders.folder import save_folder
from rmexp.models.reward_model import RewardModel
from rmexp.records import Preference, Prompt

torch.set_num_threads(1)


@pytest.fixture
def limits() -> Limits:
    """Limits that nothing in `pairs` reaches."""
    return Limits(128, "cut_prompt", None, 4)


@pytest.fixture(scope="session")
def pairs() -> tuple[Preference, ...]:
    """Twelve pairs with texts of many lengths."""
    return tuple(
        Preference(f"How long is rope {i}?", "It is long. " * (1 + i % 4) + f"{i}", "short " * (1 + i % 3) + f"{i}")
        for i in range(12)
    )


@pytest.fixture(scope="session")
def tiny_model(pairs: tuple[Preference, ...]) -> LanguageModel:
    """A random Llama with a tokenizer of 320 tokens and a chat template."""
    texts = [text for pair in pairs for text in (str(pair.prompt), *pair.responses)]
    built = tiny(texts, 0, hidden_size=16, layers=2, heads=2, vocabulary=320, max_positions=256)
    built.causal_lm.eval()
    return built


@pytest.fixture(scope="session")
def tokenizer(tiny_model: LanguageModel) -> Any:
    return tiny_model.tokenizer


@pytest.fixture(scope="session")
def plain_tokenizer(tokenizer: Any) -> Any:
    """The same tokenizer without a chat template."""
    plain = copy.deepcopy(tokenizer)
    plain.chat_template = None
    return plain


@pytest.fixture(scope="session")
def responses() -> list[ResponseTokens]:
    """Four sequences of lengths 3 to 9 with prompts of 1 to 5 tokens."""
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(6, 260, (4, 9), generator=generator).tolist()
    return [
        ResponseTokens(tuple(row[:length]), prompt, False)
        for row, length, prompt in zip(ids, (9, 3, 7, 5), (5, 1, 3, 4), strict=True)
    ]


@pytest.fixture(scope="session")
def batch(responses: list[ResponseTokens]) -> ResponseBatch:
    """The same sequences in one row."""
    return response_batch(responses)


@pytest.fixture(scope="session")
def encoded_pairs() -> Callable[[Sequence[PairTokens]], EncodedPairs]:
    """Pairs of token ids as encoding them gives them."""

    def made(pairs: Sequence[PairTokens]) -> EncodedPairs:
        sides = [side for pair in pairs for side in (pair.chosen, pair.rejected)]
        prompts = TokenRows.of([side.token_ids[: side.prompt_tokens] for side in sides])
        responses = TokenRows.of([side.token_ids[side.prompt_tokens :] for side in sides])
        places = np.arange(2 * len(pairs), dtype=np.int32)
        whole = WholeTokens(*prompts, *responses, places, places)
        groups = None if any(pair.group is None for pair in pairs) else [pair.group for pair in pairs]
        target = np.array([pair.target for pair in pairs])
        margin = np.array([pair.margin for pair in pairs], np.float64)  # None is NaN
        encoded = EncodedResponses(whole, Cut(10**6, "cut_prompt", None))
        return EncodedPairs(encoded, np.arange(len(pairs)), target, margin, groups)

    return made


def plain_rewards(model: RewardModel, responses: Sequence[ResponseTokens]) -> Tensor:
    """(N,) rewards by transformers alone, one response after the other, without padding."""
    last = [model.body(input_ids=torch.tensor([row.token_ids])).last_hidden_state[0, -1] for row in responses]
    return torch.stack(last).float() @ model.head.weight[0].float()


def plain_logps(causal_lm: PreTrainedModel, responses: Sequence[ResponseTokens]) -> Tensor:
    """(N,) summed log-probabilities likewise, float64; nothing predicts the first token of a sequence."""
    sums = []
    for row in responses:
        ids = torch.tensor(row.token_ids)
        logps = causal_lm(input_ids=ids[None]).logits[0, :-1].double().log_softmax(-1)
        first = max(row.prompt_tokens, 1)
        sums.append(logps.gather(1, ids[1:, None])[first - 1 :].sum())
    return torch.stack(sums)


@pytest.fixture(scope="session")
def plain() -> SimpleNamespace:
    """What every faster way of computing is measured against."""
    return SimpleNamespace(rewards=plain_rewards, logps=plain_logps)


@pytest.fixture(scope="session")
def make_contract(tokenizer: Any) -> Callable[..., Contract]:
    """A contract for the tiny tokenizer; keywords replace its fields."""

    def make(kind: str, **fields: Any) -> Contract:
        common = {"pooling": None, "max_tokens": 128, "dtype": "float32", "base_model": "tiny", "revision": None}
        return Contract(**(common | tokenizer_fields(tokenizer) | {"kind": kind} | fields))

    return make


@pytest.fixture(scope="session")
def reference_folder(
    tmp_path_factory: pytest.TempPathFactory, tiny_model: LanguageModel, make_contract: Callable[..., Contract]
) -> Path:
    """The tiny model as a language-model folder."""
    folder = tmp_path_factory.mktemp("reference") / "model"
    save_folder(folder, tiny_model.causal_lm.save_pretrained, tiny_model.tokenizer, make_contract("language_model"))
    return folder


@pytest.fixture(scope="session")
def reward_folder(
    tmp_path_factory: pytest.TempPathFactory, tiny_model: LanguageModel, make_contract: Callable[..., Contract]
) -> Path:
    """A reward model on the tiny model's body."""
    folder = tmp_path_factory.mktemp("reward") / "model"
    torch.manual_seed(1)
    model = RewardModel(copy.deepcopy(tiny_model.causal_lm.base_model))
    save_folder(folder, model.save, tiny_model.tokenizer, make_contract("reward_model", pooling="last_token"))
    return folder


@pytest.fixture
def parity_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is exported is read again in this process: a fresh one costs seconds."""

    def reloaded(folder: Path, examples: Sequence[tuple[Prompt, str]], prompt_tokens: list[int] | None) -> Any:
        conversations = [chat_messages(*example) for example in examples]
        if prompt_tokens is None:
            return reload.rewards(str(folder), conversations)
        return reload.log_probabilities(str(folder), conversations, prompt_tokens)

    monkeypatch.setattr(parity, "_in_a_fresh_process", reloaded)
