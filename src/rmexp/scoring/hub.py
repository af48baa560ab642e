"""Reward models of others as scorers, which give what transformers gives for one text after the other.

The model's own chat template renders the whole conversation; without one, prompt and response are a pair of texts. One
difference is meant: what looks like a special token in a text is text here (hub_inputs.py). The reward is the model's
raw output: no sigmoid, whatever its configuration says of its problem type. Several labels are a weighted sum.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import torch
from transformers import AutoModelForSequenceClassification

from rmexp.data.loading import Limits
from rmexp.data.trained_on import marked
from rmexp.encoding.rendering import rows_named
from rmexp.hardware.device import to_device
from rmexp.hardware.threads import use_threads
from rmexp.models.backbones.language_model import check_positions, disable_dropout
from rmexp.models.backbones.location import folder_fingerprint
from rmexp.models.backbones.pretrained import find_source, load_whole
from rmexp.models.folders.adapter import whole_model
from rmexp.models.folders.trained_on import read_trained_on
from rmexp.records import Prompt, Record, Scored
from rmexp.scoring.hub_inputs import HubInputs, Inputs


class HubScorer:
    """Scores with any `AutoModelForSequenceClassification`.

    Args:
        name: of the scorer, for files and tables.
        path: local folder, also of an adapter, or hub id with `@` and a revision if need be.
        revision: commit, tag or branch; the commit it stands for is recorded.
        dtype: of the weights.
        trust_remote_code: whether code from the repository may run.
        limits: limits, the rule for what is too long, and pairs per batch.
        threads: processor threads; None chooses by model size.
        weights: of its labels, see `label_weights`; None for one label, or two.

    Raises:
        ValueError: there is no model, weights of it are missing, or it has labels that nothing is said of.
    """

    reads: ClassVar[Mapping[str, str]] = {"path": "model"}
    stored = False

    def __init__(
        self,
        name: str,
        path: str,
        revision: str | None,
        dtype: str,
        trust_remote_code: bool,
        *,
        limits: Limits,
        threads: int | None,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        self.name, self.limits, self.dtype = name, limits, dtype
        with whole_model(path) as whole:
            source = find_source(whole, revision, dtype, trust_remote_code)
            self.tokenizer, self.commit = source.tokenizer(), source.commit
            self.path = path if whole != path else source.path
            self.model = load_whole(source, AutoModelForSequenceClassification, "reward model")
        self.labels = label_weights(self.model.config, weights, path)
        # As far as anyone knows: reward models are trained by Bradley and Terry's loss, sums of attributes are not.
        self.log_odds = weights is None
        self.fingerprint = folder_fingerprint(self.path if self.commit is None else f"{self.path}@{self.commit}")
        self.trained_on = read_trained_on(path)
        check_positions(self.model, limits.max_tokens)
        disable_dropout(self.model)
        use_threads(threads, self.model)
        to_device(self.model)
        self.model.eval()
        self._inputs = HubInputs(self.tokenizer, limits)

    def score(self, records: Sequence[Record]) -> Iterator[Scored]:
        """The raw reward of every response."""
        return marked(self._scored(records), records, self.trained_on)

    def _scored(self, records: Sequence[Record]) -> Iterator[Scored]:
        items = [(record.prompt, response) for record in records for response in record.responses]
        with rows_named(records):
            inputs = dict(zip(items, self._inputs.encode(items), strict=True))
        rewards = self._rewards({item: encoded[0] for item, encoded in inputs.items() if encoded is not None})
        for record in records:
            own = [(record.prompt, response) for response in record.responses]
            lengths = tuple(0 if (read := inputs[item]) is None else len(read[0]["input_ids"]) for item in own)
            cut = tuple((read := inputs[item]) is not None and read[1] for item in own)
            yield Scored(record.id, tuple(rewards.get(item) for item in own), lengths, cut)

    def describe(self) -> dict[str, Any]:
        """For manifests."""
        place = {"path": self.path, "commit": self.commit, "dtype": self.dtype}
        several = {"labels": self.labels} if len(self.labels) > 1 else {}
        return {"name": self.name, "kind": "hub", "fingerprint": self.fingerprint, **place, **several}

    @torch.inference_mode()
    def _rewards(self, inputs: dict[tuple[Prompt, str], Inputs]) -> dict[tuple[Prompt, str], float]:
        """The reward of each distinct item, computed in batches of like length."""
        pad = self.model.config.get_text_config().pad_token_id
        # without a padding id transformers takes no batches, for it could not tell where a sequence ends
        size = 1 if pad is None else 2 * self.limits.batch_pairs
        ordered = sorted(inputs, key=lambda item: (len(inputs[item]["input_ids"]), inputs[item]["input_ids"]))
        weights = torch.tensor([*self.labels.values()], device=self.model.device)
        rewards: dict[tuple[Prompt, str], float] = {}
        for start in range(0, len(ordered), size):
            some = ordered[start : start + size]
            batch = _padded([inputs[item] for item in some], pad or 0, self.model.device)
            found = self.model(**batch).logits.float() @ weights
            rewards.update(zip(some, found.cpu().tolist(), strict=True))
        return rewards


def label_weights(config: Any, weights: Mapping[str, float] | None, path: str) -> dict[str, float]:
    """The weight of each label, in their order.

    One label is the reward. Of two classes it is what the second has more than the first: the log-odds that the
    response is of the second. Any other model needs to be told.

    Args:
        config: of the classifier.
        weights: by the name or the number of a label; one that is not named counts for nothing.
        path: of the model, for messages.

    Raises:
        ValueError: weights are needed and not given, or one is of no label.

    >>> from transformers import LlamaConfig
    >>> label_weights(LlamaConfig(num_labels=2), None, "m")
    {'LABEL_0': -1.0, 'LABEL_1': 1.0}
    >>> label_weights(LlamaConfig(id2label={0: "helpful", 1: "long", 2: "safe"}), {"helpful": 1, "2": 0.5}, "m")
    {'helpful': 1.0, 'long': 0.0, 'safe': 0.5}
    """
    names = [str(config.id2label[number]) for number in range(config.num_labels)]
    if weights is None:
        if len(names) == 1:
            return {names[0]: 1.0}
        if len(names) == 2 and config.problem_type not in ("regression", "multi_label_classification"):
            return {names[0]: -1.0, names[1]: 1.0}
        raise ValueError(
            f"{path}: expected weights for its {len(names)} labels, which are {', '.join(names)} (set scorer.weights, "
            f"such as scorer.weights={{{names[0]}: 1}})"
        )
    numbers = {name: number for number, name in enumerate(names)} | {
        str(number): number for number in range(len(names))
    }
    if unknown := [name for name in map(str, weights) if name not in numbers]:
        raise ValueError(f"{path}: expected weights of {', '.join(names)}, got {unknown[0]} (set scorer.weights)")
    given = {numbers[str(name)]: float(weight) for name, weight in weights.items()}
    return {name: given.get(number, 0.0) for number, name in enumerate(names)}


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
