"""PPO, a policy that learns from a scorer what its own responses are worth: built, run, summarised."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch

from rmexp.data.loaded import LoadedData
from rmexp.data.trained_on import TrainedOn
from rmexp.models.folders.saved_type import round_weights
from rmexp.phases import Phase, phase
from rmexp.runs.folder import RunFolder
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.runs.summaries.train import TrainSummary
from rmexp.scoring.implicit import implicit_scorer
from rmexp.stages.held_out import cut_to_fit, evaluation_rows, held_out_sets, judged
from rmexp.stages.model import leave_model, save_model, seen_by
from rmexp.stages.parts import PPOParts, StageParts
from rmexp.stages.ppo_built import PPOBuilt, build_ppo
from rmexp.stages.ppo_summary import COLUMNS, PPOFitted, ppo_summary
from rmexp.stages.trainer import Watched, train
from rmexp.tracking.metrics_csv import read_metrics
from rmexp.tracking.metrics_logger import MetricsCSV
from rmexp.tracking.trackers import Trackers
from rmexp.training.callbacks.checkpoints import GOOD, batches_of
from rmexp.training.ppo.collapse import PolicyCollapsed, refuse_collapse
from rmexp.training.ppo.good_checkpoint import GoodCheckpoint
from rmexp.training.ppo.sample_log import SampleLog

GOOD_MODEL = "last_good_model"


def fit_ppo(
    parts: StageParts, loaded: LoadedData, tests: Mapping[str, LoadedData], run: RunFolder, trackers: Trackers
) -> TrainSummary:
    """Train a policy, leave it in the run folder and score held-out pairs with its implicit reward.

    Args:
        parts: that the stage is made of, a reference among them.
        loaded: data with a training and a validation split, whose prompts are used.
        tests: further data sets, whose held-out pairs are scored too.
        run: where everything goes.
        trackers: that are told.

    Returns:
        The figures of summary.json, but for the seconds of all.

    Raises:
        KeyboardInterrupt: a signal stopped the run; what is done is saved.
        ValueError: the policy collapsed; the message names the last good checkpoint and the model made of it.
    """
    ppo = parts.ppo
    assert ppo is not None
    built = build_ppo(parts, ppo, loaded)
    max_tokens, seen = loaded.limits.max_tokens, seen_by(parts, loaded.records)
    try:
        watched = partial(_watched, ppo, built, run.path)
        trained = train(parts, run.path, built.module, built.data, built.precision, watched, trackers)
        round_weights(built.module.model.policy, built.start.save_dtype)
        with phase(Phase.EVALUATING, "fresh samples of the policy"):
            after = built.module.judged()
        refuse_collapse(after.figures, ppo.learning.kl.limit, ppo.learning.rollouts.empty_limit, built.data.iterations)
    except PolicyCollapsed as collapsed:
        raise PolicyCollapsed(f"{collapsed}; {_last_sound(built, run, parts.folders.start, seen)}") from None
    (run.path / "checkpoints" / GOOD).unlink(missing_ok=True)  # the last one is as good
    model = leave_model(run.model, built.module, built.start, max_tokens, built.module.contract_fields(), seen)
    evaluation = _evaluated(parts, built, loaded, tests, run)
    rows = read_metrics(run.path / "metrics.csv")
    fitted = PPOFitted(model, parts.reference, trained.trainer.global_step, trained.seconds, rows, after)
    return ppo_summary(parts.task, built, fitted, loaded, evaluation)


def _watched(ppo: PPOParts, built: PPOBuilt, folder: Path, checkpoint: Path | None) -> Watched:
    """Batches are iterations; there is no validation loss that a checkpoint could be best at."""
    done, rollouts = batches_of(checkpoint), ppo.learning.rollouts
    epoch = len(built.data.prompts) / built.data.per_iteration
    return Watched(
        metrics=MetricsCSV(folder / "metrics.csv", epoch, done, COLUMNS),
        then=(SampleLog(folder, done, rollouts.shown, rollouts.show_every), GoodCheckpoint(folder / "checkpoints")),
        options={"gradient_clip_val": None},  # the module steps and clips by itself
    )


def _last_sound(built: PPOBuilt, run: RunFolder, start: str | None, seen: TrainedOn | None) -> str:
    """Leave the policy of the last good checkpoint as a model folder; where that is, in words."""
    path, module = run.path / "checkpoints" / GOOD, built.module
    if not path.is_file():
        return f"no checkpoint had been written before, the last sound policy is the one that it starts from, {start}"
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    module.on_load_checkpoint(checkpoint)
    module.load_state_dict(checkpoint["state_dict"])
    fields, most = module.contract_fields(), built.module.sampler.encoder.limits.max_tokens
    save_model(run.path / GOOD_MODEL, module, built.start, most, fields, seen)
    return (
        f"the last good checkpoint is {path}, after iteration {batches_of(path)}, and its policy is the model "
        f"{run.path / GOOD_MODEL}"
    )


def _evaluated(
    parts: StageParts, built: PPOBuilt, loaded: LoadedData, tests: Mapping[str, LoadedData], run: RunFolder
) -> list[HeldOutRow]:
    """How the policy's implicit reward orders held-out pairs; nothing where the divergence costs nothing."""
    sets = [] if loaded.records.demonstrations else held_out_sets(loaded, tests)
    if not sets or not built.module.kl_coefficient:
        return []
    limits = loaded.limits.without_dropping()
    scorer = implicit_scorer(str(run.model), parts.reference, limits=limits, threads=built.threads)
    cut = cut_to_fit(sets, scorer.encoder)
    return evaluation_rows(judged(scorer, sets, run.path), cut)
