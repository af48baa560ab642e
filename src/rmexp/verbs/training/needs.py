"""The plan of a stage: what its configuration would take, told by the shapes of its model and of its batches."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from omegaconf import DictConfig

from rmexp.data.loaded import LoadedData
from rmexp.encoding.batches import FeatureBatch, PairBatch, ResponseBatch
from rmexp.encoding.encode import Encoder
from rmexp.hardware.device import accelerator_type
from rmexp.hardware.precision import AUTO, FULL, HALF, has_half_products, spelled_out
from rmexp.hardware.threads import SMALL_PARAMETERS
from rmexp.models.attention.choose import keeps_scores
from rmexp.models.backbones.four_bit import FOUR_BIT
from rmexp.models.backbones.pretrained import find_source
from rmexp.reports.terminal import show_table
from rmexp.stages.examples import encoded_examples
from rmexp.stages.parts import StageParts
from rmexp.training.plan.needs import BatchShape, ModelShape, Needs, Setting, Sharing, needs
from rmexp.training.plan.shapes import adapters_of, batch_shape, model_shape
from rmexp.verbs.training.parts import stage_parts

DEVICES = (1, 8, 64)
SIZES = {"TiB": 2.0**40, "GiB": 2.0**30, "MiB": 2.0**20, "KiB": 2.0**10}
TIMES = {"d": 86400.0, "h": 3600.0, "min": 60.0, "s": 1.0, "ms": 1e-3, "µs": 1e-6}
STATES = {"AdamW": 2.0, "SGD": 0.0, "Adafactor": 0.0, "MuonAdamW": 1.0, "adamw_8bit": 0.5, "adamw_paged": 2.0}


class _AnyLearner(NamedTuple):
    """Stands for a module that is not built."""

    learns_from: tuple[str, ...] = ("pairs", "demonstrations")
    packed: bool = True


class RunPlan(NamedTuple):
    """What a stage would take.

    Attributes:
        shape: of its model.
        batch: of its batches, on the mean.
        setting: how it is trained.
        steps: of the run.
        rows: needs by number of devices and how they share.
    """

    shape: ModelShape
    batch: BatchShape
    setting: Setting
    steps: int
    rows: dict[tuple[int, Sharing], Needs]


def show_needs(config: DictConfig, data: LoadedData) -> None:
    """Say in the terminal what a stage would take.

    Args:
        config: of the stage.
        data: with a training and a validation split.

    Raises:
        ValueError: there is no plan of such a run.
    """
    if config.sweep_dir is not None:
        raise ValueError("plan=true shows one run, and its cells would count as finished (leave out -m)")
    plan = run_plan(stage_parts(config), data, config.plan_flops)
    batch, setting = plan.batch, plan.setting
    size, unit = _unit(max(need.peak for need in plan.rows.values()), SIZES)
    print(
        f"{plan.shape.parameters + setting.adapters:,} parameters"
        f"{f', {setting.adapters:,} of them in adapters' if setting.adapters else ''}, {setting.precision}; "
        f"{plan.steps} steps of {batch.pairs:.0f} examples in {batch.tokens:.0f} tokens"
    )
    print(f"times assume {setting.flops:.3g} operations a second on each device (set plan_flops to what yours does)")
    header = (
        f"{unit} a device",
        *("weights", "gradients", "optimizer", "activations", "peak", "sent"),
        "a step",
        "all",
    )
    rows = []
    for (count, sharing), need in plan.rows.items():
        sizes = (need.weights, need.gradients, need.optimizer, need.activations, need.peak, need.communication)
        times = (_duration(need.seconds), _duration(need.seconds * plan.steps))
        rows.append(
            (f"{count} {sharing if count > 1 else ''}".strip(), *(f"{one / size:.1f}" for one in sizes), *times)
        )
    show_table(header, rows)


def _unit(most: float, units: Mapping[str, float]) -> tuple[float, str]:
    """The largest unit that a quantity is at least one of, or the smallest that there is."""
    name = next((name for name, size in units.items() if most >= size), [*units][-1])
    return units[name], name


def _duration(seconds: float) -> str:
    size, unit = _unit(seconds, TIMES)
    return f"{seconds / size:.1f} {unit}"


def run_plan(parts: StageParts, loaded: LoadedData, flops: float) -> RunPlan:
    """The plan of a stage that learns from given examples.

    Args:
        parts: that the stage is made of.
        loaded: data with a training and a validation split.
        flops: that a device does in a second.

    Raises:
        ValueError: a policy that samples has no plan.
    """
    if parts.ppo is not None:
        raise ValueError("plan=true is for task=sft, reward and dpo: what PPO samples has no length beforehand")
    states, options, starting = _states(parts), parts.trainer.options, parts.model.starting
    config, tokenizer = _start(parts, loaded)
    shape = model_shape(config, likelihood=parts.task != "reward")
    adapters, linear = adapters_of(config, starting.adapters) if starting.trained == "adapters" else (0, 0)
    device = accelerator_type(parts.trainer.accelerator)
    half = shape.parameters >= SMALL_PARAMETERS and has_half_products(device)
    precision = spelled_out(options.precision) if options.precision != AUTO else HALF if half else FULL
    setting = Setting(
        precision,
        states,
        starting.gradient_checkpointing,
        keeps_scores(device, half=precision != FULL),
        flops,
        adapters,
        linear if starting.load == FOUR_BIT else 0,
    )
    encoder, passes = Encoder(tokenizer, loaded.limits), replace(parts.passes, workers=0)
    examples = encoded_examples(parts.task, _AnyLearner(), loaded, encoder, passes)
    loader = examples.data.train_dataloader()
    batch = batch_shape(map(_responses, loader), likelihood=parts.task != "reward")
    shared: tuple[Sharing, ...] = ("ddp", "fsdp")
    kinds = [(count, sharing) for count in DEVICES for sharing in shared if count > 1 or sharing == "ddp"]
    rows = {(count, sharing): needs(shape, batch, setting, count, sharing) for count, sharing in kinds}
    return RunPlan(shape, batch, setting, len(loader), rows)


def _start(parts: StageParts, loaded: LoadedData) -> tuple[Any, Any]:
    """Configuration and tokenizer of the model that it starts from."""
    path = parts.folders.start or parts.model.path
    if path is None:
        texts = (text for record in loaded.records.splits.get("train", ()) for text in record.responses)
        start = parts.model.build(texts, parts.seed)
        return start.body.config, start.tokenizer
    source = find_source(path, None, "float32", trust_remote_code=False)
    return source.config(), source.tokenizer()


def _responses(batch: PairBatch | FeatureBatch | ResponseBatch) -> tuple[int, ResponseBatch]:
    assert not isinstance(batch, FeatureBatch)  # which only a module makes
    return (batch.size, batch.responses) if isinstance(batch, PairBatch) else (batch.size, batch)


def _states(parts: StageParts) -> float:
    """Numbers of each parameter that the configured optimizer keeps."""
    made = getattr(parts.optimizer, "func", parts.optimizer)
    return STATES.get(getattr(made, "__name__", ""), 2.0)
