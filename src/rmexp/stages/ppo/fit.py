"""PPO, a policy that learns from a scorer what its own responses are worth: built, run, summarised."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from lightning.pytorch.callbacks import Callback

from rmexp.data.loaded import LoadedData
from rmexp.data.trained_on import TrainedOn
from rmexp.hardware.group import from_first
from rmexp.hardware.processes import this_process
from rmexp.models.folders.saved_type import round_weights
from rmexp.phases import Phase, phase
from rmexp.runs.folder import RunFolder
from rmexp.runs.summaries.train import ModelMade, TrainSummary
from rmexp.scoring.implicit import ImplicitScorer, implicit_scorer
from rmexp.stages.held_out import cut_to_fit, evaluation_rows, judged, score_sets
from rmexp.stages.judged_sets import held_out_sets
from rmexp.stages.model_folders import StageModel, leave_model, save_model, seen_by
from rmexp.stages.parts import PPOParts, StageParts
from rmexp.stages.ppo.built import PPOBuilt, build_ppo
from rmexp.stages.ppo.summary import COLUMNS, PPOFitted, ppo_summary
from rmexp.stages.together import together
from rmexp.stages.trainer import Trained, Watched, train
from rmexp.tracking.metrics_logger import MetricsCSV
from rmexp.tracking.trackers import Trackers
from rmexp.training.callbacks.checkpoints import GOOD, batches_of, step_of
from rmexp.training.ppo.collapse import PolicyCollapsed, refuse_collapse
from rmexp.training.ppo.good_checkpoint import GoodCheckpoint
from rmexp.training.ppo.judgement import Judgement
from rmexp.training.ppo.sample_log import SampleLog
from rmexp.training.ppo.tally import Tally
from rmexp.training.processes.fully_sharded import load_weights
from rmexp.training.processes.same_run import SameRun

GOOD_MODEL = "last_good_model"


def fit_ppo(
    parts: StageParts, loaded: LoadedData, tests: Mapping[str, LoadedData], run: RunFolder, trackers: Trackers
) -> TrainSummary | None:
    """Train a policy, leave it in the run folder and score held-out pairs with its implicit reward.

    Args:
        parts: that the stage is made of, a reference among them.
        loaded: data with a training and a validation split, whose prompts are used.
        tests: further data sets, whose held-out pairs are scored too.
        run: where everything goes.
        trackers: that are told.

    Returns:
        The figures of summary.json, but for the seconds of all; None in a process that follows another one.

    Raises:
        KeyboardInterrupt: a signal stopped the run; what is done is saved.
        ValueError: the policy collapsed; the message names the last good checkpoint and the model made of it.
    """
    ppo = parts.ppo
    assert ppo is not None
    with together(parts.trainer, run):
        built = build_ppo(parts, ppo, loaded)
        seen, leads = seen_by(parts, loaded.records), not this_process().number
        try:
            trained, tally, after = _trained(parts, ppo, built, run, trackers)
        except PolicyCollapsed as collapsed:
            if not leads:
                raise SystemExit(1) from None  # the first process has come to the same
            raise PolicyCollapsed(f"{collapsed}; {_last_sound(built, run, parts.folders.start, seen)}") from None
        model = _left(built, run, seen) if leads else None
        sets = held_out_sets(loaded, tests) if _orders_pairs(built) else []
        from_first(None)  # the model is there
        scorer = _scorer(parts, built, run) if sets else None
        score_sets(scorer, sets, run.path)
    if model is None:
        return None
    cut = {} if scorer is None else cut_to_fit(sets, scorer.encoder)
    evaluation = [] if scorer is None else evaluation_rows(judged(scorer, sets, run.path), cut)
    fitted = PPOFitted(model, parts.reference, trained.trainer.global_step, trained.seconds, tally, after)
    return ppo_summary(parts.task, built, fitted, evaluation)


def _trained(
    parts: StageParts, ppo: PPOParts, built: PPOBuilt, run: RunFolder, trackers: Trackers
) -> tuple[Trained, Tally, Judgement]:
    """Run all iterations that are still to be done, and look at what has come of the policy.

    Raises:
        PolicyCollapsed: it is lost.
    """
    tally = Tally()
    watched = partial(_watched, ppo, built, run, tally)
    trained = train(parts, run.path, built.module, built.data, built.precision, watched, trackers)
    round_weights(built.module.model.policy, built.start.save_dtype)
    with phase(Phase.EVALUATING, "fresh samples of the policy"):
        after = built.module.judged()
    refuse_collapse(after.figures, ppo.learning.kl.limit, ppo.learning.rollouts.empty_limit, built.data.iterations)
    return trained, tally, after


def _left(built: PPOBuilt, run: RunFolder, seen: TrainedOn | None) -> ModelMade:
    """Leave the policy in the run folder."""
    (run.path / "checkpoints" / GOOD).unlink(missing_ok=True)  # the last one is as good
    fields, most = built.module.contract_fields(), built.loaded.limits.max_tokens
    return leave_model(run.model, StageModel(built.module, built.start, most, fields, seen))


def _watched(ppo: PPOParts, built: PPOBuilt, run: RunFolder, tally: Tally, checkpoint: Path | None) -> Watched:
    """Batches are iterations; there is no validation loss that a checkpoint could be best at."""
    done, rollouts, folder = batches_of(checkpoint), ppo.learning.rollouts, run.path
    epoch, leads = len(built.data.prompts) / built.data.per_iteration, not this_process().number
    shown: tuple[Callback, ...] = (tally,)
    if leads:
        log_of_samples = SampleLog(folder, done, rollouts.shown, rollouts.show_every, built.data.iterations)
        shown = (tally, log_of_samples, GoodCheckpoint(folder / "checkpoints"))
    return Watched(
        metrics=MetricsCSV(folder / "metrics.csv" if leads else None, epoch, done, COLUMNS),
        first=(SameRun(run.config.text, run.inputs, step_of(checkpoint), run.config.differences),),
        then=shown,
        options={"gradient_clip_val": None},  # the module steps and clips by itself
    )


def _last_sound(built: PPOBuilt, run: RunFolder, start: str | None, seen: TrainedOn | None) -> str:
    """Leave the policy of the last good checkpoint as a model folder; where that is, in words."""
    path, module = run.path / "checkpoints" / GOOD, built.module
    if not path.is_file():
        return f"no checkpoint had been written before, the last sound policy is the one that it starts from, {start}"
    module.on_load_checkpoint(load_weights(module, path))
    fields, most = module.contract_fields(), built.module.sampler.encoder.limits.max_tokens
    save_model(run.path / GOOD_MODEL, StageModel(module, built.start, most, fields, seen))
    return (
        f"the last good checkpoint is {path}, after iteration {batches_of(path)}, and its policy is the model "
        f"{run.path / GOOD_MODEL}"
    )


def _orders_pairs(built: PPOBuilt) -> bool:
    """Whether the policy has an implicit reward, which it has none where the divergence costs nothing, and pairs."""
    return not built.loaded.records.demonstrations and bool(built.module.kl_coefficient)


def _scorer(parts: StageParts, built: PPOBuilt, run: RunFolder) -> ImplicitScorer:
    """The policy's implicit reward."""
    limits = built.loaded.limits.without_dropping()
    return implicit_scorer(str(run.model), parts.reference, limits=limits, threads=built.threads)
