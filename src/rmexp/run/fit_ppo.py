"""PPO inside a claimed run folder: a policy learns from a scorer what its own responses are worth."""

import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import ProgressBar
from omegaconf import DictConfig, OmegaConf

from rmexp.config.build import build, build_framed
from rmexp.config.stages import stage
from rmexp.models.chat_template import check_same_template
from rmexp.models.compiled import compiled_operations
from rmexp.models.decoder_layers import check_compilable
from rmexp.models.language_model import check_positions
from rmexp.models.precision import AUTO
from rmexp.run.data import LoadedData
from rmexp.run.held_out import cut_to_fit, evaluate, evaluation_sets
from rmexp.run.ppo_parts import Parts, learning_of, ppo_parts
from rmexp.run.ppo_summary import COLUMNS, data_figures, iteration_figures, policy_figures
from rmexp.run.stage_model import parameters, save_model, start_model
from rmexp.run.stage_trainer import checkpoint_of, quiet_libraries, trackers
from rmexp.run.train import train_stage
from rmexp.runs.environment import peak_memory_mb
from rmexp.runs.folder import RunFolder
from rmexp.scoring.implicit import ImplicitScorer
from rmexp.scoring.responses import scoring_encoder
from rmexp.training.checkpoints import GOOD, DurableCheckpointIO, batches_of
from rmexp.training.collapse import PolicyCollapsed, refuse_collapse
from rmexp.training.good_checkpoint import GoodCheckpoint
from rmexp.training.interruption import Interrupted, Signals
from rmexp.training.metrics_csv import MetricsCSV, read_metrics
from rmexp.training.ppo import Learning, PPOModule
from rmexp.training.prompt_data import PromptData
from rmexp.training.sample_log import SampleLog
from rmexp.training.saving import Saving
from rmexp.training.tracking import closed_wandb, log_figures

log = logging.getLogger(__name__)

GOOD_MODEL = "last_good_model"


def fit_ppo(config: DictConfig, loaded: LoadedData, tests: Mapping[str, LoadedData], run: RunFolder) -> dict[str, Any]:
    """Train a policy, leave it in the run folder and score held-out pairs with its implicit reward.

    Args:
        config: of the stage.
        loaded: data with a training and a validation split, whose prompts are used.
        tests: further data sets, whose held-out pairs are scored too.
        run: where everything goes.

    Returns:
        The figures of summary.json.

    Raises:
        KeyboardInterrupt: a signal stopped the run; what is done is saved.
        ValueError: the policy collapsed; the message names the last good checkpoint and the model made of it.
    """
    began = time.perf_counter()
    quiet_libraries()
    learning = learning_of(config, loaded.loading.max_tokens)  # first: a mistake there must not cost a reference
    config = with_reference(config, loaded, run)
    with closed_wandb():
        summary = _fit(config, learning, loaded, tests, run, began)
        log_figures(summary)
    return summary


def with_reference(config: DictConfig, loaded: LoadedData, run: RunFolder) -> DictConfig:
    """The configuration with the folder of its SFT reference, which is trained where none is given."""
    if config.model.reference is not None:
        return config
    log.info("no model.reference is given: training one")
    trained = train_stage(stage(config, "sft"), loaded, {}, run.path / "sft")
    config = config.copy()
    OmegaConf.update(config, "model.reference", str(trained.path / "model"))
    return config


def _fit(
    config: DictConfig,
    learning: Learning,
    loaded: LoadedData,
    tests: Mapping[str, LoadedData],
    run: RunFolder,
    began: float,
) -> dict[str, Any]:
    L.seed_everything(config.seed, verbose=False)
    start = start_model(config, loaded.records)
    check_positions(start.body, loaded.loading.max_tokens)
    check_same_template(config.model.reference, start.tokenizer)
    make_trainer, pace = build_framed("trainer", config.trainer)
    parts = ppo_parts(config, loaded, start, pace, learning)
    module, data = parts.module, parts.data
    if pace.compile:
        check_compilable(start.body, module.model.likelihood.packed)
    checkpoint = checkpoint_of(run)
    signals = Signals()
    trainer = _trainer(config, partial(make_trainer, precision=parts.precision), data, run, checkpoint, signals)
    fitted = time.perf_counter()
    try:
        with signals, compiled_operations(pace.compile):
            trainer.fit(module, data, ckpt_path=checkpoint and str(checkpoint), weights_only=True)
        trained = time.perf_counter()
        after = module.judged()
        refuse_collapse(after.figures, config.kl.limit, config.rollouts.empty_limit, data.iterations)
    except Interrupted as interrupted:
        raise KeyboardInterrupt(f"{interrupted}; the same command goes on from there") from None
    except PolicyCollapsed as collapsed:
        sound = partial(save_model, run, GOOD_MODEL, module, start, loaded.loading.max_tokens)
        raise PolicyCollapsed(f"{collapsed}; {_last_sound(run, module, sound, config.model.reference)}") from None
    (run.path / "checkpoints" / GOOD).unlink(missing_ok=True)  # the last one is as good
    fingerprint = save_model(run, "model", module, start, loaded.loading.max_tokens, module.contract_fields())
    evaluation = _evaluation(config, parts, loaded, tests, run)
    made = time.perf_counter() - began
    return {
        "task": config.task,
        "model": {"path": str(run.model), "fingerprint": fingerprint, "parameters": parameters(module)},
        "reference": config.model.reference,
        "steps": trainer.global_step,
        "bad_rows": sum(len(part.records.bad_rows) for part in (loaded, *tests.values())),
        "leaks": dict(loaded.leaks),
        **iteration_figures(read_metrics(run.path / "metrics.csv"), data, config.rollouts.samples),
        **policy_figures(module, after),
        **data_figures(loaded, parts.cut_prompts, evaluation),
        "scorer_reads_other_tokens": parts.own_tokenizer,
        "threads": parts.threads,
        "precision": parts.precision,
        "peak_memory_mb": peak_memory_mb(),
        "train_seconds": round(trained - fitted, 2),
        "seconds": round(made, 2),
    }


def _trainer(
    config: DictConfig, make_trainer: Any, data: PromptData, run: RunFolder, checkpoint: Path | None, signals: Signals
) -> L.Trainer:
    """A trainer whose batches are iterations."""
    done, folder = batches_of(checkpoint), run.path / "checkpoints"
    epoch = len(data.prompts) / data.per_iteration
    loggers: list[Any] = [MetricsCSV(run.path / "metrics.csv", epoch, done, COLUMNS), *trackers(config, run)]
    configured = build(config.callbacks)
    configured.pop("checkpoint", None)  # there is no validation loss to be best at
    saving = configured.pop("saving", None)
    stop = partial(Saving, None, every_seconds=0.0) if saving is None else partial(saving, folder)
    rollouts = config.rollouts
    callbacks = [
        *configured.values(),
        SampleLog(run.path, done, rollouts.shown, rollouts.show_every),
        GoodCheckpoint(folder),
        stop(seed=config.seed, signals=signals),
    ]
    return make_trainer(  # type: ignore[no-any-return]
        max_epochs=1,
        gradient_clip_val=None,  # the module's own business where it steps itself
        callbacks=callbacks,
        logger=loggers,
        plugins=[DurableCheckpointIO()],
        default_root_dir=run.path,
        num_sanity_val_steps=0,
        enable_progress_bar=any(isinstance(callback, ProgressBar) for callback in configured.values()),
        enable_model_summary=False,
        enable_checkpointing=False,
    )


def _last_sound(run: RunFolder, module: PPOModule, save: Callable[..., str], reference: str) -> str:
    """Leave the policy of the last good checkpoint as a model folder; where that is, in words."""
    path = run.path / "checkpoints" / GOOD
    if not path.is_file():
        return f"no checkpoint had been written before, the last sound policy is its reference, {reference}"
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    module.on_load_checkpoint(checkpoint)
    module.load_state_dict(checkpoint["state_dict"])
    save(module.contract_fields())
    return (
        f"the last good checkpoint is {path}, after iteration {batches_of(path)}, and its policy is the model "
        f"{run.path / GOOD_MODEL}"
    )


def _evaluation(
    config: DictConfig, parts: Parts, loaded: LoadedData, tests: Mapping[str, LoadedData], run: RunFolder
) -> list[dict[str, Any]]:
    """How the policy's implicit reward orders held-out pairs; nothing where the divergence costs nothing."""
    sets = [] if loaded.records.demonstrations else evaluation_sets(loaded, tests)
    if not sets or not parts.module.kl_coefficient:
        return []
    paths = (str(run.model), config.model.reference)
    scorer = ImplicitScorer("implicit", *paths, None, None, AUTO, loading=loaded.loading, threads=parts.threads)
    cut = cut_to_fit(sets, scoring_encoder(parts.module.sampler.encoder.tokenizer, loaded.loading))
    return evaluate(scorer, sets, cut, run.path)
