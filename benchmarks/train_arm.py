"""One way to train, in a process of its own.

Usage: `python -m benchmarks.train_arm ARM TASK FOLDER BATCH STEPS WARM_UP SEED DEVICE`.

The last line on standard output is JSON: pairs and seconds of the first steps, counted from the idle process with its
libraries on; pairs, seconds and processor seconds of the steps after them; megabytes above that process; the precision
of the products; seconds to the end of the first step. On a GPU memory is the most that torch has had there.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from benchmarks.workload import encoded_pairs

LEARNING_RATE, BETA = 1e-5, 0.1


class Clock:
    """Measures time from the end of the warm-up on, and memory above what the process held with its libraries."""

    def __init__(self, warm_up: int, device: str = "cpu") -> None:
        self.warm_up, self.device, self.steps = warm_up, device, 0
        self.began = self.cpu_began = self.idle = self.loaded = self.first_step = 0.0
        self.pairs = self.first_pairs = 0
        self.precision = "float32"

    def libraries_loaded(self) -> None:
        """All is imported, no model loaded."""
        self.loaded = time.perf_counter()
        self.idle = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20

    def step(self, pairs: int) -> None:
        """A step is over."""
        self.steps += 1
        if self.steps in (1, self.warm_up):
            self._wait()
        if self.steps == 1:
            self.first_step = time.perf_counter() - self.loaded
        if self.steps <= self.warm_up:
            self.first_pairs += pairs
        if self.steps == self.warm_up:
            self.began, self.cpu_began = time.perf_counter(), time.process_time()
        elif self.steps > self.warm_up:
            self.pairs += pairs

    def _wait(self) -> None:
        """Until the device has done what it was told."""
        if self.device != "cpu":
            torch.accelerator.synchronize()

    def result(self) -> dict[str, float | str]:
        """Figures of the steps of the warm-up, model and trainer included, and of those after it."""
        self._wait()
        on_host = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - self.idle
        return {
            "first_pairs": self.first_pairs,
            "first_seconds": self.began - self.loaded,
            "pairs": self.pairs,
            "seconds": time.perf_counter() - self.began,
            "cpu_seconds": time.process_time() - self.cpu_began,
            "megabytes": on_host if self.device == "cpu" else torch.cuda.max_memory_allocated() / 2**20,
            "precision": self.precision,
            "seconds_to_first_step": self.first_step,
        }


class PlainRewardModel(nn.Module):
    """The post's: a body, a head, the last token that is not padding."""

    def __init__(self, body: Any) -> None:
        super().__init__()
        self.model, self.reward_head = body, nn.Linear(body.config.hidden_size, 1, bias=False)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(B,) rewards."""
        hidden = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        last = attention_mask.sum(dim=1) - 1
        return self.reward_head(hidden[torch.arange(len(last)), last]).squeeze(-1)


def padded(rows: list[list[int]], device: str) -> tuple[Tensor, Tensor]:
    """Ids and attention mask, padded on the right."""
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = (torch.arange(longest) < torch.tensor([[len(row)] for row in rows])).long()
    return ids.to(device), mask.to(device)


def loop(task: str, folder: Path, batches: list[list[Any]], clock: Clock, *, half: bool = False) -> None:
    """The plain loop: both sides in a padded forward pass each, float32 or autocast, AdamW."""
    clock.libraries_loaded()
    clock.precision = "bf16" if half else "float32"
    causal_lm = AutoModelForCausalLM.from_pretrained(folder / "model").to(clock.device)
    if task == "reward":
        model: nn.Module = PlainRewardModel(causal_lm.model).to(clock.device)
    else:
        model, reference = causal_lm, AutoModelForCausalLM.from_pretrained(folder / "model").eval().to(clock.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
    for batch in batches:
        sides = [[prompt + (rejected if side else chosen) for prompt, chosen, rejected in batch] for side in (0, 1)]
        with torch.autocast(clock.device, dtype=torch.bfloat16, enabled=half):
            if task == "reward":
                chosen, rejected = (model(*padded(rows, clock.device)) for rows in sides)
                margins = chosen - rejected
            else:
                prompts = torch.tensor([len(prompt) for prompt, *_ in batch], device=clock.device)
                chosen, rejected = (_sequence_logps(model, rows, prompts) for rows in sides)
                with torch.no_grad():
                    before = [_sequence_logps(reference, rows, prompts) for rows in sides]
                margins = BETA * ((chosen - before[0]) - (rejected - before[1]))
        loss = -F.logsigmoid(margins.float()).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        clock.step(len(batch))


def _sequence_logps(model: Any, rows: list[list[int]], prompts: Tensor) -> Tensor:
    ids, mask = padded(rows, str(prompts.device))
    logps = model(input_ids=ids, attention_mask=mask).logits[:, :-1].log_softmax(-1)
    logps = logps.gather(-1, ids[:, 1:, None]).squeeze(-1)
    counts = (torch.arange(1, ids.shape[1], device=ids.device) >= prompts[:, None]) & (mask[:, 1:] > 0)
    return (logps * counts).sum(1)


def trl(
    task: str,
    folder: Path,
    batches: list[list[Any]],
    clock: Clock,
    *,
    grouped: bool = False,
    half: bool | None = None,
    **settings: Any,
) -> None:
    """TRL's trainers on the same encoded pairs; `grouped` by length, which they can do for other columns alone.

    In bf16 where the device has such products, as by themselves, unless `half` says otherwise.
    """
    import datasets
    import trl as library
    from transformers import TrainerCallback
    from transformers.trainer_pt_utils import LengthGroupedSampler

    from rmexp.hardware.precision import has_half_products

    class Steps(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *_: Any, **__: Any) -> None:
            clock.step(len(batches[0]))

    pairs = [pair for batch in batches for pair in batch]
    lengths = [len(prompt) + max(len(chosen), len(rejected)) for prompt, chosen, rejected in pairs]

    class Prepared(library.RewardTrainer if task == "reward" else library.DPOTrainer):  # type: ignore[misc, name-defined]
        def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
            return dataset

        def _get_train_sampler(self, dataset: Any = None) -> Any:
            return (
                LengthGroupedSampler(len(batches[0]), lengths=lengths)
                if grouped
                else super()._get_train_sampler(dataset)
            )

    half = has_half_products(clock.device) if half is None else half
    clock.libraries_loaded()
    clock.precision = "bf16" if half else "float32"
    common = {
        "output_dir": str(folder / "trl"), "per_device_train_batch_size": len(batches[0]), "num_train_epochs": 1,
        "max_length": 512, "report_to": [], "save_strategy": "no", "disable_tqdm": True,
        "use_cpu": clock.device == "cpu", "learning_rate": LEARNING_RATE, "bf16": half, **settings,
    }  # fmt: skip
    tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    if task == "reward":
        rows = [
            {"chosen_ids": prompt + chosen, "rejected_ids": prompt + rejected} for prompt, chosen, rejected in pairs
        ]
        model = AutoModelForSequenceClassification.from_pretrained(folder / "model", num_labels=1)
        config = library.RewardConfig(**common)
    else:
        rows = [{"prompt_ids": p, "chosen_ids": c, "rejected_ids": r} for p, c, r in pairs]
        model = AutoModelForCausalLM.from_pretrained(folder / "model")
        config = library.DPOConfig(beta=BETA, **common)
    trainer = Prepared(
        model=model, args=config, train_dataset=datasets.Dataset.from_list(rows), processing_class=tokenizer,
        callbacks=[Steps()],
    )  # fmt: skip
    trainer.train()


def rmexp(task: str, folder: Path, batches: list[list[Any]], clock: Clock, **settings: Any) -> None:
    """The modules of rmexp in a trainer, with metrics and metrics.csv, as `rmexp train` puts them together."""
    import lightning as L

    from rmexp.hardware.memory import keep_freed
    from rmexp.hardware.precision import HALF, choose_precision
    from rmexp.losses.bradley_terry import bradley_terry_loss
    from rmexp.losses.dpo import dpo_loss
    from rmexp.models.attention.compiled import compiled_parts
    from rmexp.models.folders.folder import load_language_model
    from rmexp.tracking.metrics_logger import MetricsCSV
    from rmexp.training.data.loader import Passes
    from rmexp.training.data.pair_data import PairData
    from rmexp.training.dpo import DPOModule
    from rmexp.training.pairs import Pairs
    from rmexp.training.reward import RewardModule
    from rmexp.training.schedules import cosine

    class Steps(L.Callback):
        def on_train_batch_end(self, *_: Any, **__: Any) -> None:
            clock.step(len(batches[0]))

    pairs = encoded_pairs([pair for batch in batches for pair in batch])
    clock.libraries_loaded()
    keep_freed()
    start = load_language_model(str(folder / "model"))
    parts = {
        "optimizer": partial(torch.optim.AdamW, lr=LEARNING_RATE, fused=True),
        "schedule": partial(cosine, warmup_fraction=0.1, floor=0.0),
    }
    reference_logps, compiled = settings.pop("reference_logps", "precomputed"), settings.pop("compile", False)
    if task == "reward":
        module: RewardModule | DPOModule = RewardModule(start, bradley_terry_loss, head_lr_factor=1.0, **parts)
    else:
        module = DPOModule(start, partial(dpo_loss, beta=BETA), reference_logps=reference_logps, **parts)
    precision = choose_precision(settings.pop("precision", "auto"), module, clock.device)
    clock.precision = "bf16" if precision == HALF else "float32"
    data = PairData(Pairs(pairs, pairs[:1], len(batches[0])), Passes(1, 0), batch_tokens=None, packed=module.packed)
    trainer = L.Trainer(
        accelerator="cpu" if clock.device == "cpu" else "gpu", devices=1,
        max_epochs=1, precision=precision, gradient_clip_val=1.0,
        logger=[MetricsCSV(folder / "metrics.csv", len(batches), 0)],
        callbacks=[Steps()], enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        num_sanity_val_steps=0, limit_val_batches=0, log_every_n_steps=1, default_root_dir=folder,
    )  # fmt: skip
    with compiled_parts(compiled):
        trainer.fit(module, data)


def bare(task: str, folder: Path, batches: list[list[Any]], clock: Clock) -> None:
    """The reward model of rmexp in a loop of its own: what Lightning, metrics and logging cost is the difference."""
    from rmexp.encoding.pack import pair_batch
    from rmexp.encoding.tokens import PairTokens, ResponseTokens
    from rmexp.hardware.memory import keep_freed
    from rmexp.hardware.precision import HALF, choose_precision
    from rmexp.losses.bradley_terry import bradley_terry_loss
    from rmexp.models.folders.folder import load_language_model
    from rmexp.models.reward_model import RewardModel

    assert task == "reward"
    clock.libraries_loaded()
    keep_freed()
    model = RewardModel(load_language_model(str(folder / "model")).body)
    half = choose_precision("auto", model, "cpu") == HALF
    clock.precision = "bf16" if half else "float32"
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, fused=True)
    for rows in batches:
        sides = [[ResponseTokens((*prompt, *side), len(prompt), False) for side in both] for prompt, *both in rows]
        batch = pair_batch([PairTokens(*both, 1.0) for both in sides])
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            rewards = model(batch.responses)
        loss = bradley_terry_loss(*batch.pairing.sides(rewards), target=batch.pairing.target).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        clock.step(len(rows))


FAST = {"gradient_checkpointing": False}
GROUPED = {**FAST, "grouped": True}
ARMS: dict[str, Callable[..., None]] = {
    "loop": loop,
    "loop_bf16": partial(loop, half=True),
    "trl": trl,
    "trl_fast": partial(trl, **FAST),
    "trl_grouped": partial(trl, **GROUPED),
    "trl_fp32": partial(trl, **GROUPED, half=False),
    "trl_liger": partial(trl, **GROUPED, use_liger_kernel=True),  # with the kernels of liger-kernel, on a GPU
    "rmexp_fp32": partial(rmexp, precision="32-true"),
    "rmexp": rmexp,
    "rmexp_compiled": partial(rmexp, compile=True),
    "rmexp_bare": bare,
    "rmexp_online": partial(rmexp, reference_logps="online"),
}


def main() -> None:
    """Run an arm and print its figures."""
    arm, task, folder, *numbers, device = sys.argv[1:]
    batch, steps, warm_up, seed = map(int, numbers)
    torch.manual_seed(seed)
    pairs = json.loads((Path(folder) / "pairs.json").read_text())
    order = torch.randperm(len(pairs)).tolist()[: batch * steps]
    batches = [[pairs[index] for index in order[start : start + batch]] for start in range(0, len(order), batch)]
    clock = Clock(warm_up, device)
    ARMS[arm](task, Path(folder), batches, clock)
    print(json.dumps(clock.result()))


if __name__ == "__main__":
    main()
