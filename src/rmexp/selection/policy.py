"""A language model that responses are sampled from, prompt by prompt, with its own template."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from rmexp.data.loading import Limits
from rmexp.encoding.encode import Encoder
from rmexp.encoding.tokenizer_identity import tokenizer_fields
from rmexp.hardware.device import to_device
from rmexp.hardware.threads import use_threads
from rmexp.models.backbones.location import folder_fingerprint
from rmexp.models.folders.folder import load_language_model
from rmexp.models.generation import Generated, Sampling, end_ids, generate, prompt_seed
from rmexp.records import Prompt

ROUNDS = 5  # in which a response that is empty is drawn again


class Sampled(NamedTuple):
    """The responses to one prompt.

    Attributes:
        texts: of the responses that hold more than white space; fewer than wanted where the policy kept silent.
        empty: responses that held nothing and were drawn again.
        cut: responses that the limit ended.
    """

    texts: tuple[str, ...]
    empty: int
    cut: int


class Policy:
    """Samples responses.

    Args:
        path: `model/` folder of an sft, dpo or ppo run, or any language model.
        sampling: how responses are drawn.
        responses: to each prompt, at least 1.
        seed: of all of them; what a prompt gets does not depend on the others.
        threads: processor threads; None chooses by model size.

    Raises:
        ValueError: there is no language model, or its positions do not suffice.
    """

    def __init__(self, path: str, sampling: Sampling, responses: int, seed: int, threads: int | None) -> None:
        if responses < 1:
            raise ValueError(f"`n` must be at least 1, got {responses} (set candidates.n)")
        loaded = load_language_model(path)
        self.path, self.sampling, self.responses, self.seed = path, sampling, responses, seed
        self.fingerprint = folder_fingerprint(path)
        self.causal_lm = loaded.causal_lm.eval()
        to_device(self.causal_lm)
        positions = getattr(loaded.causal_lm.config, "max_position_embeddings", None) or 2**30
        self.max_prompt_tokens = positions - sampling.max_new_tokens
        if self.max_prompt_tokens < 1:
            raise ValueError(
                f"{path} has {positions} positions, but candidates.max_new_tokens is {sampling.max_new_tokens}"
            )
        self.encoder = Encoder(loaded.tokenizer, Limits(positions, "cut_prompt", None, 1))
        self.end_ids = end_ids(loaded.causal_lm, loaded.tokenizer)
        use_threads(threads, loaded.causal_lm)

    def sample(self, prompts: Sequence[Prompt]) -> list[Sampled]:
        """Responses to each prompt; empty ones are drawn again, so that these are of the policy that says something."""
        found = [Sampled((), 0, 0)] * len(prompts)
        for number in range(ROUNDS):
            lacking = [index for index, row in enumerate(found) if len(row.texts) < self.responses]
            missing = max((self.responses - len(found[index].texts) for index in lacking), default=0)
            drawn = self._draw([prompts[index] for index in lacking], missing, number) if lacking else []
            for index, rows in zip(lacking, drawn, strict=True):
                found[index] = self._with(found[index], rows[: self.responses - len(found[index].texts)])
        return found

    def _draw(self, prompts: Sequence[Prompt], responses: int, number: int) -> list[list[Generated]]:
        encoded = self.encoder.encode_prompts(prompts, self.max_prompt_tokens)
        seeds = [prompt_seed(prompt, self.seed, number) for prompt in prompts]
        return generate(self.causal_lm, encoded, seeds, responses, self.sampling, self.end_ids)

    def _with(self, sampled: Sampled, rows: Sequence[Generated]) -> Sampled:
        texts = [self.encoder.tokenizer.decode(row.token_ids, skip_special_tokens=True) for row in rows]
        said = [text for text in texts if text.strip()]
        cut = sum(not row.ended for row, text in zip(rows, texts, strict=True) if text.strip())
        return Sampled((*sampled.texts, *said), sampled.empty + len(texts) - len(said), sampled.cut + cut)

    def describe(self) -> dict[str, Any]:
        """For summaries."""
        return {
            "path": self.path,
            "fingerprint": self.fingerprint,
            "chat_template": tokenizer_fields(self.encoder.tokenizer)["chat_template"],
            "n": self.responses,
            "max_new_tokens": self.sampling.max_new_tokens,
            "temperature": self.sampling.temperature,
            "top_p": self.sampling.top_p,
            "seed": self.seed,
        }
