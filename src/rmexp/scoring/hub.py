"""Reward models of others as scorers, read exactly as transformers reads them one by one.

A model with a chat template sees the whole conversation rendered by it, one without sees prompt and response as a pair
of texts. The reward is the model's raw output: no sigmoid, whatever its configuration says of its problem type.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from transformers import AutoModelForSequenceClassification

from rmexp.data.encode import Encoder
from rmexp.data.loading import Loading
from rmexp.data.pinned_date import DATE, pinned
from rmexp.models.device import to_device
from rmexp.models.hub import load_pretrained
from rmexp.models.language_model import check_positions, disable_dropout
from rmexp.models.location import folder_fingerprint
from rmexp.models.threads import use_threads
from rmexp.records import Prompt, Record, Scored, prompt_text

Inputs = dict[str, list[int]]  # input_ids and whatever else the tokenizer gives


class HubScorer:
    """Scores with any `AutoModelForSequenceClassification` of one label.

    Args:
        name: of the scorer, for files and tables.
        path: local folder, or hub id with `@` and a revision if need be.
        revision: commit, tag or branch; the commit it stands for is recorded.
        dtype: of the weights.
        trust_remote_code: whether code from the repository may run.
        loading: limits, and pairs per batch. What is too long loses its beginning, for the reward is read at the end;
            a pair of texts loses the beginning of its prompt first.
        threads: processor threads; None chooses by model size.

    Raises:
        ValueError: there is no model, weights of it are missing, or it has not one label.
    """

    reads: ClassVar[Mapping[str, str]] = {"path": "model"}
    stored = False
    log_odds = True  # as far as anyone knows: reward models are trained by Bradley and Terry's loss

    def __init__(
        self,
        name: str,
        path: str,
        revision: str | None,
        dtype: str,
        trust_remote_code: bool,
        *,
        loading: Loading,
        threads: int | None,
    ) -> None:
        self.name, self.loading, self.dtype = name, loading, dtype
        self.model, self.tokenizer, self.path, self.commit = load_pretrained(
            AutoModelForSequenceClassification, path, revision, dtype, trust_remote_code, kind="reward model"
        )
        labels = self.model.config.num_labels
        if labels != 1:
            raise ValueError(f"{path}: expected a reward model with 1 label, got {labels} (set scorer.path)")
        self.fingerprint = folder_fingerprint(self.path if self.commit is None else f"{self.path}@{self.commit}")
        check_positions(self.model, loading.max_tokens)
        disable_dropout(self.model)
        use_threads(threads, self.model)
        to_device(self.model)
        self.model.eval()
        self._chat = Encoder(self.tokenizer, loading) if self.tokenizer.chat_template else None

    def score(self, records: Sequence[Record]) -> list[Scored]:
        """The raw reward of every response."""
        items = [(record.prompt, response) for record in records for response in record.responses]
        inputs = dict(zip(items, self._encoded(items), strict=True))
        rewards = self._rewards({item: encoded for item, (encoded, _) in inputs.items()})
        return [
            Scored(
                record.id,
                tuple(rewards[record.prompt, response] for response in record.responses),
                tuple(len(inputs[record.prompt, response][0]["input_ids"]) for response in record.responses),
                tuple(inputs[record.prompt, response][1] for response in record.responses),
            )
            for record in records
        ]

    def describe(self) -> dict[str, Any]:
        """For manifests."""
        place = {"path": self.path, "commit": self.commit, "dtype": self.dtype}
        return {"name": self.name, "kind": "hub", "fingerprint": self.fingerprint, **place}

    def _encoded(self, items: Sequence[tuple[Prompt, str]]) -> list[tuple[Inputs, bool]]:
        """What the model reads of each item, and whether anything was cut of it."""
        if self._chat is None:
            return [self._pair(prompt_text(prompt), response) for prompt, response in items]
        texts = [self._conversation(self._chat, prompt, response) for prompt, response in items]
        return [self._fitted(ids) for ids, _ in self._chat.marked.tokenize(texts)]

    def _conversation(self, encoder: Encoder, prompt: Prompt, response: str) -> str:
        turns = [("user", prompt)] if isinstance(prompt, str) else [*prompt]
        messages = [
            {"role": role, "content": encoder.marked.mark(text)} for role, text in (*turns, ("assistant", response))
        ]
        template = pinned(self.tokenizer.get_chat_template())
        options = {"chat_template": template, "tokenize": False, "date_string": DATE}
        return str(self.tokenizer.apply_chat_template(messages, **options))

    def _fitted(self, ids: list[int]) -> tuple[Inputs, bool]:
        if len(ids) <= self.loading.max_tokens:
            return {"input_ids": ids}, False
        self._refuse_to_cut(len(ids))
        begin = ids[:1] if ids[0] == self.tokenizer.bos_token_id else []
        return {"input_ids": [*begin, *ids[len(ids) - self.loading.max_tokens + len(begin) :]]}, True

    def _pair(self, prompt: str, response: str) -> tuple[Inputs, bool]:
        whole = dict(self.tokenizer(prompt, response, verbose=False))
        if len(whole["input_ids"]) <= self.loading.max_tokens:
            return whole, False
        self._refuse_to_cut(len(whole["input_ids"]))
        alone = len(self.tokenizer("", response, verbose=False)["input_ids"])
        rule = "only_first" if alone < self.loading.max_tokens else "longest_first"
        options = {"truncation": rule, "max_length": self.loading.max_tokens}
        self.tokenizer.truncation_side = "left"
        return dict(self.tokenizer(prompt, response, **options)), True

    def _refuse_to_cut(self, tokens: int) -> None:
        if self.loading.truncation == "error":
            raise ValueError(
                f"a sequence has {tokens} tokens, expected at most {self.loading.max_tokens} (set data.max_tokens, or "
                "data.truncation=cut_prompt)"
            )

    @torch.inference_mode()
    def _rewards(self, inputs: dict[tuple[Prompt, str], Inputs]) -> dict[tuple[Prompt, str], float]:
        """The reward of each distinct item, computed in batches of like length."""
        pad = self.model.config.get_text_config().pad_token_id
        # without a padding id transformers takes no batches, for it could not tell where a sequence ends
        size = 1 if pad is None else 2 * self.loading.batch_pairs
        ordered = sorted(inputs, key=lambda item: (len(inputs[item]["input_ids"]), inputs[item]["input_ids"]))
        rewards: dict[tuple[Prompt, str], float] = {}
        for start in range(0, len(ordered), size):
            some = ordered[start : start + size]
            batch = _padded([inputs[item] for item in some], pad or 0, self.model.device)
            rewards.update(zip(some, self.model(**batch).logits.float().squeeze(-1).cpu().tolist(), strict=True))
        return rewards


def _padded(rows: Sequence[Inputs], pad: int, device: torch.device) -> dict[str, torch.Tensor]:
    """Rows padded on the right to the longest, with the mask that tells what is padding."""
    longest = max(len(row["input_ids"]) for row in rows)
    masked = [{**row, "attention_mask": [1] * len(row["input_ids"])} for row in rows]
    return {
        name: torch.tensor(
            [row[name] + [pad if name == "input_ids" else 0] * (longest - len(row[name])) for row in masked],
            device=device,
        )
        for name in masked[0]
    }
