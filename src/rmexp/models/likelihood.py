"""Log-probabilities of responses under a language model, summed over their own tokens only."""

import logging

import torch
from torch import Tensor
from transformers import PreTrainedModel

from rmexp.encoding.batches import ResponseBatch
from rmexp.hardware.device import moved
from rmexp.losses.token_logprobs import token_logprobs
from rmexp.models.attention.padded_rows import padded_logits, padded_states
from rmexp.models.attention.token_states import TokenStates, agree, probe
from rmexp.models.backbones.text_body import text_body

log = logging.getLogger(__name__)


class Likelihood:
    """Log-probabilities of responses under a language model.

    Args:
        causal_lm: with a language-model head.
        layout: of the rows that it is computed in; see `TokenStates`.
    """

    def __init__(self, causal_lm: PreTrainedModel, layout: str) -> None:
        self.causal_lm = causal_lm
        self.states = TokenStates(text_body(causal_lm), layout)
        self.plain_head = has_plain_head(causal_lm)
        if not self.plain_head and layout != "padded":
            sentence = f"{type(causal_lm).__name__} makes its logits by more than one product"
            if layout == "packed":
                raise ValueError(f"{sentence}, which packed rows do not compute (set model.layout=auto)")
            log.info("%s; it is computed in padded rows", sentence)

    @property
    def packed(self) -> bool:
        """Whether rows are packed, so that responses which begin alike belong together."""
        return self.states.packed and self.plain_head

    def response(self, batch: ResponseBatch) -> Tensor:
        """(N,) log-probability of each response, summed over its tokens, in nats, float32.

        A response without a prompt is summed from its second token on: nothing predicts the first. The sum is
        accumulated in float64, as sums of hundreds of terms lose digits.
        """
        return self._sums(batch, batch.prompt_lengths.clamp(min=1))

    def prompt_and_response(self, batch: ResponseBatch) -> Tensor:
        """(N, 2) log-probabilities summed over the prompt's tokens after the first, and over the response's."""
        whole, response = self._sums(batch, torch.ones_like(batch.lengths)), self.response(batch)
        return torch.stack([whole - response, response], dim=1)

    def _sums(self, batch: ResponseBatch, first: Tensor) -> Tensor:
        """(N,) sums over the tokens of each response from its `first` on, (N,)."""
        places = batch.places()
        position = torch.arange(places.shape[1])
        summed = ((position >= first[:, None]) & (position < batch.lengths[:, None]))[:, 1:]
        predicted, where = torch.unique(places[:, 1:][summed], return_inverse=True)  # a token stands behind one other
        before = torch.empty(len(batch.token_ids), dtype=torch.int64)
        before[places[:, 1:][summed]] = places[:, :-1][summed]
        logps = self.logprobs(batch, before[predicted], batch.token_ids[moved(predicted, batch.device)])
        by_token = torch.zeros(summed.numel(), dtype=torch.float64, device=logps.device)
        within = moved(summed.flatten().nonzero().squeeze(1), batch.device)
        by_token[within] = logps.double()[moved(where, batch.device)]
        return by_token.view(summed.shape).sum(dim=1).float()

    def logprobs(self, batch: ResponseBatch, rows: Tensor, token_ids: Tensor, hidden: Tensor | None = None) -> Tensor:
        """(R,) log-probabilities of tokens after tokens of the batch's row.

        Args:
            batch: whose row it is.
            rows: (R,) tokens of the row that predict, on the host.
            token_ids: (R,) what followed.
            hidden: (R, E) last hidden states at `rows`, where they are computed already.
        """
        if self.plain_head:
            head = self.causal_lm.get_output_embeddings().weight
            return token_logprobs(self.states(batch, rows) if hidden is None else hidden, head, token_ids)
        logits = padded_logits(self.causal_lm, batch, rows).float()
        return logits.log_softmax(dim=1).gather(1, token_ids[:, None]).squeeze(1)


@torch.no_grad()
def has_plain_head(causal_lm: PreTrainedModel) -> bool:
    """Whether logits are hidden states times a matrix: no bias, no scaling, no cap."""
    body = text_body(causal_lm)
    batch = probe(body)
    rows = torch.arange(len(batch.token_ids))
    expected = padded_logits(causal_lm, batch, rows)
    found = padded_states(body, batch, rows) @ causal_lm.get_output_embeddings().weight.T
    return agree(found, expected)
