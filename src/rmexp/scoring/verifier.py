"""Language models that judge, as scorers: how likely they answer yes to a question about a response."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from rmexp.data.loading import Limits
from rmexp.data.trained_on import marked
from rmexp.dialogue import Prompt, prompt_text
from rmexp.encoding.encode import Encoder
from rmexp.encoding.rendering import rows_named
from rmexp.encoding.tokens import ResponseTokens
from rmexp.hardware.device import to_device
from rmexp.hardware.threads import use_threads
from rmexp.models.backbones.language_model import check_positions
from rmexp.models.backbones.location import folder_fingerprint
from rmexp.models.folders.folder import load_language_model
from rmexp.models.folders.trained_on import read_trained_on
from rmexp.models.likelihood import Likelihood
from rmexp.records import Record, Scored
from rmexp.scoring.responses import compute_read, scored_records
from rmexp.scoring.scorer import fingerprint_of

_FIELD = re.compile(r"\{(prompt|response)\}")


class VerifierScorer:
    """Scores with a generative verifier: log p(yes) - log p(no) as the answer to a question, in nats.

    The question is a turn of the user, where the model has a chat template, else the text that it goes on with. A word
    of several tokens has the probability of all of them.

    Args:
        name: of the scorer, for files and tables.
        path: folder or hub id of a causal language model, or the folder of an adapter on one.
        question: text in which `{prompt}` and `{response}` stand for those of a record.
        positive: the answer of a good response, as the model writes it.
        negative: the answer of a bad one; None for log p(yes) alone.
        dtype: of the weights.
        trust_remote_code: whether code from the repository may run.
        limits: limits; of what is too long the start of the question goes.
        threads: processor threads; None chooses by model size.

    Raises:
        ValueError: there is no such model, or the question does not ask about the response.

    Source: Zhang et al. 2024, "Generative Verifiers: Reward Modeling as Next-Token Prediction", eq. 4, for log p(yes).
    """

    reads: ClassVar[Mapping[str, str]] = {"path": "model"}
    stored = False
    log_odds = False  # of one response being good, not of one being better than another

    def __init__(
        self,
        name: str,
        path: str,
        question: str,
        positive: str,
        negative: str | None,
        dtype: str,
        trust_remote_code: bool,
        *,
        limits: Limits,
        threads: int | None,
    ) -> None:
        if "{response}" not in question:
            raise ValueError(f"scorer.question must have {{response}} in it, got {question}")
        if not positive or positive == negative:
            raise ValueError(f"scorer.positive must be a text other than scorer.negative, got {positive}")
        self.name, self.question = name, question
        self.words = (positive,) if negative is None else (positive, negative)
        loaded = load_language_model(path, dtype=dtype, trust_remote_code=trust_remote_code)
        check_positions(loaded.causal_lm, limits.max_tokens)
        use_threads(threads, loaded.causal_lm)
        to_device(loaded.causal_lm)
        self.model = Likelihood(loaded.causal_lm.eval(), "auto")
        cut = limits.truncation in ("cut_prompt", "cut_response")
        self.tokenizer = loaded.tokenizer
        self.encoder = Encoder(self.tokenizer, replace(limits, truncation="cut_prompt") if cut else limits)
        self.trained_on = read_trained_on(path)
        self.fingerprint = fingerprint_of(
            model=folder_fingerprint(path), question=question, words=self.words, dtype=dtype
        )

    def score(self, records: Sequence[Record]) -> Iterator[Scored]:
        """How much likelier yes is than no, for every response."""
        asked = [self._asked(record.prompt, response) for record in records for response in record.responses]
        each = (record for record in records for _ in record.responses)
        with rows_named(replace(record, prompt=question) for record, question in zip(each, asked, strict=True)):
            answers = {word: self._answers(asked, word) for word in self.words}
        logps = [self._logps(tokens) for tokens in answers.values()]
        first = answers[self.words[0]]
        scores = (None if None in known else known[0] - sum(known[1:]) for known in zip(*logps, strict=True))
        return marked(scored_records(records, first, scores), records, self.trained_on)

    def _asked(self, prompt: Prompt, response: str) -> str:
        texts = {"prompt": prompt_text(prompt), "response": response}
        return _FIELD.sub(lambda field: texts[field[1]], self.question)

    def _answers(self, asked: Sequence[str], word: str) -> list[ResponseTokens | None]:
        """Questions answered with a word, without the token that would end the answer."""
        encoded = self.encoder.encode((question, word) for question in asked)
        return [None if found is None else replace(found, token_ids=found.token_ids[:-1]) for found in encoded]

    def _logps(self, answers: Sequence[ResponseTokens | None]) -> list[float | None]:
        found = compute_read(self.model.causal_lm, self.model.response, answers, packed=self.model.packed)
        return [None if figures is None else figures[0] for figures in found]

    def describe(self) -> dict[str, Any]:
        """For manifests."""
        asked = {"question": self.question, "words": list(self.words)}
        return {"name": self.name, "kind": "verifier", "fingerprint": self.fingerprint, **asked}
