"""Prompts with responses as token ids, by themselves and as pairs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ResponseTokens:
    """One prompt with one response.

    Attributes:
        token_ids: prompt, response, end token.
        prompt_tokens: how many of them belong to the prompt.
        truncated: whether anything was cut.
    """

    token_ids: tuple[int, ...]
    prompt_tokens: int
    truncated: bool

    @property
    def tokens(self) -> int:
        """Tokens of prompt and response."""
        return len(self.token_ids)

    @property
    def response_tokens(self) -> int:
        """Tokens of the response that something predicts: all but the first where there is no prompt."""
        return len(self.token_ids) - max(self.prompt_tokens, 1)


@dataclass(frozen=True, slots=True)
class PairTokens:
    """A preference, encoded.

    Attributes:
        chosen: the response listed first, with its prompt.
        rejected: the other.
        target: probability in [0, 1] that the first is the better one.
        reference_logps: summed log-probabilities of chosen and rejected under the reference, for DPO.
        group: number of what batches keep together, as data.batch_by says; None where they keep nothing together.
        margin: how much better the preferred one is, in the data's own units; None when unknown.
        place: of the preference among those that were encoded, some of which may be left out.
    """

    chosen: ResponseTokens
    rejected: ResponseTokens
    target: float
    reference_logps: tuple[float, float] | None = None
    group: int | None = None
    margin: float | None = None
    place: int = 0

    @property
    def tokens(self) -> int:
        """Tokens of both sides."""
        return self.chosen.tokens + self.rejected.tokens
