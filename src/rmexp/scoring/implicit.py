"""The implicit reward of a policy as a scorer: how much likelier it makes a response than its reference does.

Without a reference it is the log-probability itself, times beta: what is left when the reference was not kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from torch import Tensor

from rmexp.data.loading import Limits
from rmexp.data.trained_on import marked, union
from rmexp.encoding.batches import ResponseBatch
from rmexp.encoding.encode import Encoder
from rmexp.encoding.tokenizer_identity import tokenizer_fields
from rmexp.encoding.tokens import ResponseTokens
from rmexp.hardware.device import to_device
from rmexp.hardware.precision import AUTO, choose_precision, computing, scorer_fingerprint
from rmexp.hardware.threads import use_threads
from rmexp.models.backbones.language_model import check_positions
from rmexp.models.backbones.location import folder_fingerprint
from rmexp.models.folders.contract import Contract, check_reference, read_contract
from rmexp.models.folders.folder import load_language_model
from rmexp.models.folders.trained_on import read_trained_on
from rmexp.models.likelihood import Likelihood
from rmexp.ranges import check_range
from rmexp.records import Record, Scored
from rmexp.scoring.responses import compute_read, scored_records, unknown, with_known
from rmexp.scoring.store import Column

REDUCTIONS = ("response_sum", "response_mean", "sequence_mean")


class LogRatio(NamedTuple):
    """log pi - log pi_ref, or log pi alone, of a prompt with a response, in nats, each part summed over its tokens."""

    prompt: float
    response: float
    prompt_tokens: int  # that something predicts: all but the first of the sequence
    response_tokens: int


def implicit_reward(ratio: LogRatio, beta: float, reduction: str) -> float:
    """Beta times a log-ratio, reduced over tokens.

    Args:
        ratio: of policy to reference.
        beta: of the policy's training, > 0.
        reduction: `response_sum`, the reward that DPO defines; `response_mean`, the same per response token;
            `sequence_mean`, the mean over prompt and response tokens, which dilutes it with what both sides share.

    Source: Rafailov et al. 2023, section 4, up to a term that the prompt alone decides.

    >>> ratio = LogRatio(prompt=1.0, response=6.0, prompt_tokens=4, response_tokens=3)
    >>> [implicit_reward(ratio, 0.5, reduction) for reduction in REDUCTIONS]
    [3.0, 1.0, 0.5]
    """
    if reduction == "response_sum":
        return beta * ratio.response
    if reduction == "response_mean":
        return beta * ratio.response / max(ratio.response_tokens, 1)
    if reduction == "sequence_mean":
        tokens = ratio.prompt_tokens + ratio.response_tokens
        return beta * (ratio.prompt + ratio.response) / max(tokens, 1)
    raise ValueError(f"scorer.reduction must be one of {', '.join(REDUCTIONS)}, got {reduction}")


class ImplicitScorer:
    """Scores with a policy and its reference.

    Args:
        name: of the scorer, for files and tables.
        policy: `model/` folder of a DPO run, or any language model.
        reference: the language model that the policy was trained from; None for the reward without one.
        beta: None takes the one in the policy's contract.
        reduction: over tokens, see `implicit_reward`; None takes the one that the policy was trained with, the sum
            where its contract says nothing.
        precision: `32-true`, `bf16-mixed`, or `auto` for the latter where it is faster; or by Lightning's other
            names.
        limits: limits.
        threads: processor threads; None chooses by model size.
        known: rewards that the policy has given already, in the same precision and reduction.

    Raises:
        ValueError: the two do not belong together, or no beta is known.
    """

    reads: ClassVar[Mapping[str, str]] = {"policy": "model", "reference": "model"}
    stored = False

    def __init__(
        self,
        name: str,
        policy: str,
        reference: str | None,
        beta: Annotated[float, "> 0"] | None,
        reduction: str | None,
        precision: Literal["auto", "32-true", "bf16-mixed", "32", 32, "bf16"],
        *,
        limits: Limits,
        threads: int | None,
        known: Mapping[ResponseTokens, float] = MappingProxyType({}),
    ) -> None:
        self.name, self.reduction, self.known = name, _reduction(reduction, policy), known
        self.beta = _beta(beta, policy)
        self.relative = reference is not None
        self._contract = read_contract(policy)
        self.trained_on = union(read_trained_on(path) for path in (policy, reference) if path is not None)
        self.log_odds = self.log_odds_of(self.reduction)
        self.fingerprint = "-".join(folder_fingerprint(path) for path in (policy, reference) if path is not None)
        trained = load_language_model(policy)
        device = to_device(trained.causal_lm)
        self.precision = choose_precision(precision, trained.causal_lm, device)
        self.context = computing(self.precision, device)
        self.fingerprint = scorer_fingerprint(self.fingerprint, self.precision)
        self.policy = Likelihood(trained.causal_lm, "auto")
        self.reference = None if reference is None else _reference(reference, policy, trained.tokenizer)
        self.tokenizer, self.encoder = trained.tokenizer, Encoder(trained.tokenizer, limits)
        check_positions(trained.causal_lm, limits.max_tokens)
        use_threads(threads, trained.causal_lm)

    def log_odds_of(self, reduction: str) -> bool:
        """Whether a reduction gives log-odds: it is the one of the loss that the policy was trained with.

        A policy that was trained relative to a reference has none without it.
        """
        trained = _trained_reduction(self._contract)
        without = not self.relative and self._contract is not None and self._contract.reference is not None
        return reduction == trained and not without

    def score(self, records: Sequence[Record]) -> Iterator[Scored]:
        """The implicit reward of every response."""
        responses = self.encoder.encode_records(records)
        ratios = self._ratios(unknown(responses, self.known))
        rewards = with_known(responses, self.known, self._rewards(ratios, self.reduction))
        return marked(scored_records(records, responses, rewards), records, self.trained_on)

    def score_reductions(self, records: Sequence[Record], reductions: Sequence[str]) -> Iterator[dict[str, Scored]]:
        """The implicit reward of every response under each of several reductions, of one pass over the models."""
        responses = self.encoder.encode_records(records)
        ratios = self._ratios(responses)
        columns = [
            marked(scored_records(records, responses, self._rewards(ratios, name)), records, self.trained_on)
            for name in reductions
        ]
        return (dict(zip(reductions, rows, strict=True)) for rows in zip(*columns, strict=True))

    def _rewards(self, ratios: Sequence[LogRatio | None], reduction: str) -> list[float | None]:
        return [None if ratio is None else implicit_reward(ratio, self.beta, reduction) for ratio in ratios]

    def column(self, path: Path, reduction: str) -> Column:
        """Where the scores of a reduction go, and what defines them."""
        return Column(path, self.describe() | {"reduction": reduction}, self.log_odds_of(reduction))

    def log_ratios(self, records: Sequence[Record]) -> list[LogRatio | None]:
        """Of all responses of the records, in order; None for one that is too long under data.truncation=drop."""
        return self._ratios(self.encoder.encode_records(records))

    def _ratios(self, responses: Sequence[ResponseTokens | None]) -> list[LogRatio | None]:
        def difference(batch: ResponseBatch) -> Tensor:
            trained = self.policy.prompt_and_response(batch)
            return trained if self.reference is None else trained - self.reference.prompt_and_response(batch)

        with self.context():
            figures = compute_read(self.policy.causal_lm, difference, responses, packed=self.policy.packed)
        return [_log_ratio(tokens, sums) for tokens, sums in zip(responses, figures, strict=True)]

    def describe(self) -> dict[str, Any]:
        """For manifests."""
        return {
            "name": self.name,
            "kind": "implicit",
            "fingerprint": self.fingerprint,
            "precision": self.precision,
            "beta": self.beta,
            "reduction": self.reduction,
            **({"reference": None} if self.reference is None else {}),
        }


def implicit_scorer(policy: str, reference: str | None, **options: Any) -> ImplicitScorer:
    """The implicit reward of a policy as it was trained, under the name that reports have for it."""
    return ImplicitScorer("implicit", policy, reference, beta=None, reduction=None, precision=AUTO, **options)


def _log_ratio(tokens: ResponseTokens | None, sums: Sequence[float] | None) -> LogRatio | None:
    if tokens is None or sums is None:
        return None
    prompt, response = sums
    return LogRatio(prompt, response, max(tokens.prompt_tokens - 1, 0), tokens.response_tokens)


def _beta(beta: float | None, policy: str) -> float:
    contract = read_contract(policy)
    if beta is None:
        if contract is None or contract.beta is None:
            raise ValueError(f"{policy} does not say which beta it was trained with (set scorer.beta)")
        beta = contract.beta
    check_range("scorer.beta", beta, "> 0")
    return beta


def _reference(path: str, policy: str, tokenizer: Any) -> Any:
    """The reference, once it is known to be the policy's own."""
    check_reference(policy, path)
    loaded = load_language_model(path)
    _check_tokenizers(tokenizer, loaded.tokenizer, policy, path)
    to_device(loaded.causal_lm)
    loaded.causal_lm.eval()
    return Likelihood(loaded.causal_lm, "auto")


def _reduction(reduction: str | None, policy: str) -> str:
    if reduction is None:
        return _trained_reduction(read_contract(policy))
    if reduction not in REDUCTIONS:
        raise ValueError(f"scorer.reduction must be one of {', '.join(REDUCTIONS)}, got {reduction}")
    return reduction


def _trained_reduction(contract: Contract | None) -> str:
    return "response_sum" if contract is None or contract.reduction is None else contract.reduction


def _check_tokenizers(policy: Any, reference: Any, policy_path: str, reference_path: str) -> None:
    first, second = tokenizer_fields(policy), tokenizer_fields(reference)
    for name in first:
        if first[name] != second[name]:
            raise ValueError(
                f"policy and reference must share their tokenizer: {name} is {first[name]} in {policy_path} "
                f"and {second[name]} in {reference_path}"
            )
