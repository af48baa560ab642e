"""The explicit reward as a scorer."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from rmexp.data.loading import Limits
from rmexp.data.trained_on import marked
from rmexp.encoding.encode import Encoder
from rmexp.encoding.tokens import ResponseTokens
from rmexp.hardware.device import to_device
from rmexp.hardware.precision import choose_precision, computing, scorer_fingerprint
from rmexp.hardware.threads import use_threads
from rmexp.models.backbones.language_model import check_positions
from rmexp.models.backbones.location import folder_fingerprint
from rmexp.models.folders.contract import read_contract
from rmexp.models.folders.folder import load_reward_model
from rmexp.models.folders.trained_on import read_trained_on
from rmexp.records import Record, Scored
from rmexp.scoring.responses import compute_read, scored_records, unknown, with_known
from rmexp.scoring.scorer import fingerprint_of


class ExplicitScorer:
    """Scores with a reward model.

    Args:
        name: of the scorer, for files and tables.
        path: `model/` folder of a reward run, or a folder or hub id of others, whose head goes by one of several names;
            see `rmexp.models.backbones.found_head`.
        precision: `32-true`, `bf16-mixed`, or `auto` for the latter where it is faster; or by Lightning's other
            names.
        limits: limits.
        threads: processor threads; None chooses by model size.
        head: names of a head's tensors, where they go by no known one; see `rmexp.models.backbones.found_head`.
        known: rewards that the model has given already, in the same precision.
    """

    reads: ClassVar[Mapping[str, str]] = {"path": "model"}
    stored = False
    log_odds = True  # Bradley and Terry's, that it was trained by

    def __init__(
        self,
        name: str,
        path: str,
        precision: Literal["auto", "32-true", "bf16-mixed", "32", 32, "bf16"],
        *,
        limits: Limits,
        threads: int | None,
        head: Mapping[str, str] | None = None,
        known: Mapping[ResponseTokens, float] = MappingProxyType({}),
    ) -> None:
        self.name, self.trained_on, self.known = name, read_trained_on(path), known
        self.model, tokenizer = load_reward_model(path, head_names=head)
        device = to_device(self.model)
        self.precision = choose_precision(precision, self.model, device)
        self.context = computing(self.precision, device)
        weights = folder_fingerprint(path)
        weights = weights if head is None else fingerprint_of(model=weights, head=head)
        self.fingerprint = scorer_fingerprint(weights, self.precision)
        contract = read_contract(path)
        self.reward_mean = contract.reward_mean if contract else None
        self.reward_sd = contract.reward_sd if contract else None
        self.tokenizer, self.encoder = tokenizer, Encoder(tokenizer, limits)
        check_positions(self.model.body, limits.max_tokens)
        use_threads(threads, self.model)

    def score(self, records: Sequence[Record]) -> Iterator[Scored]:
        """The raw reward of every response."""
        responses = self.encoder.encode_records(records)
        with self.context():
            figures = compute_read(self.model, self.model, unknown(responses, self.known), packed=self.model.packed)
        scores = with_known(responses, self.known, (None if figure is None else figure[0] for figure in figures))
        return marked(scored_records(records, responses, scores), records, self.trained_on)

    def describe(self) -> dict[str, Any]:
        """For manifests."""
        return {"name": self.name, "kind": "explicit", "fingerprint": self.fingerprint, "precision": self.precision}
