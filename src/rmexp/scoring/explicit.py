"""The explicit reward as a scorer."""

from collections.abc import Sequence
from typing import Any

from rmexp.data.loading import Loading
from rmexp.models.contract import read_contract
from rmexp.models.device import to_device
from rmexp.models.folder import load_reward_model
from rmexp.models.language_model import check_positions
from rmexp.models.location import folder_fingerprint
from rmexp.models.threads import use_threads
from rmexp.records import Record, Scored
from rmexp.scoring.responses import compute, encode_records, scored_records, scoring_encoder


class ExplicitScorer:
    """Scores with a reward model.

    Args:
        name: of the scorer, for files and tables.
        path: `model/` folder of a reward run, or a transformers folder or hub id with one score head.
        loading: limits, and pairs per batch.
        threads: processor threads; None chooses by model size.
    """

    stored = False

    def __init__(self, name: str, path: str, *, loading: Loading, threads: int | None) -> None:
        self.name = name
        self.model, tokenizer = load_reward_model(path)
        self.fingerprint = folder_fingerprint(path)
        contract = read_contract(path)
        self.reward_mean = contract.reward_mean if contract else None
        self.reward_sd = contract.reward_sd if contract else None
        self.encoder = scoring_encoder(tokenizer, loading)
        check_positions(self.model.body, loading.max_tokens)
        use_threads(threads, self.model)
        to_device(self.model)

    def score(self, records: Sequence[Record]) -> list[Scored]:
        """The raw reward of every response."""
        responses = encode_records(self.encoder, records)
        figures = compute(self.model, self.model, responses, 2 * self.encoder.loading.batch_pairs)
        return scored_records(records, responses, (reward for (reward,) in figures))

    def describe(self) -> dict[str, Any]:
        """For manifests."""
        return {"name": self.name, "kind": "explicit", "fingerprint": self.fingerprint}
