"""Stages of training: trained, found trained before, or given by path."""

import logging
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rmexp.config.tracked import tracked_run
from rmexp.data.loaded import LoadedData, write_bad_rows
from rmexp.durable import alone
from rmexp.hardware.processes import this_process
from rmexp.phases import counting, importing, phase_seconds
from rmexp.runs.folder import RunFolder, read_config, same_inputs, shared
from rmexp.runs.results import results_of
from rmexp.runs.summaries.file import read_summary
from rmexp.runs.summaries.train import TrainSummary
from rmexp.stages.plan import StagePlan
from rmexp.stages.texts_to_learn import learnt_beside

if TYPE_CHECKING:
    from rmexp.tracking.trackers import Trackers

log = logging.getLogger(__name__)

Tests = Mapping[str, LoadedData]


class Stage(NamedTuple):
    """One model, and the run that it is from.

    Attributes:
        name: `sft`, `reward`, `dpo` or `ppo`.
        model: folder of the model.
        folder: run folder; None for a model given by path.
        summary: of the run; None for a model given by path, and in a process that follows another one.
        reused: whether it was there before.
    """

    name: str
    model: str
    folder: Path | None
    summary: TrainSummary | None
    reused: bool

    @property
    def given(self) -> bool:
        """Whether it was given by path."""
        return self.folder is None


def obtain_stage(plan: StagePlan, data: LoadedData, path: Path) -> Stage:
    """A stage of a larger run, trained in a folder of that run unless it has been made before.

    Runs side by side that need the same stage train it once: the others wait and use it.

    Args:
        plan: of the stage.
        data: that it learns from.
        path: folder of the run that needs it.
    """
    with counting():
        return _obtained(plan, data, path)


def _obtained(plan: StagePlan, data: LoadedData, path: Path) -> Stage:
    own, process = path / plan.task, this_process()
    launched = process.count > 1 and process.starter is None
    if _is_made(plan, own) or launched:  # those that come to it at once must come to the same folder
        stage = train_stage(plan, data, {}, own)
    elif process.number:  # the process that leads has the lock
        stage = train_stage(plan, data, {}, _made_beside(plan, path) or own)
    else:
        same = sha256(f"{plan.config.fingerprint} {sorted(plan.inputs.items())}".encode()).hexdigest()[:8]
        with alone(path.parent / ".stages" / f"{plan.task}-{same}.lock"):
            stage = train_stage(plan, data, {}, _made_beside(plan, path) or own)
    if launched:
        from rmexp.hardware.group import from_first

        from_first(None)  # the next stage reads the model, which the process that leads has left now
    if stage.reused:
        log.info("%s: unchanged, %s is reused", plan.task, stage.folder)
    return stage


def _made_beside(plan: StagePlan, path: Path) -> Path | None:
    """The folder of the same stage, made by a run beside this one."""
    beside = (folder for folder in sorted(path.parent.glob(f"*/{plan.task}")) if _is_made(plan, folder))
    return next(beside, None)


def train_stage(plan: StagePlan, data: LoadedData, tests: Tests, path: Path) -> Stage:
    """A stage in a folder of its own: trained there, or found there.

    Args:
        plan: of the stage.
        data: that it learns from.
        tests: further data sets, whose held-out pairs are scored too.
        path: the folder.
    """
    with shared(path, plan.config, plan.inputs) as run:
        summary = run.summary(TrainSummary)
        reused = summary is not None
        if summary is None:
            learnt = learnt_beside(plan.vocabulary, data)
            with learnt, importing("torch, transformers, lightning"):
                from rmexp.tracking.trackers import Trackers, tracked

            telling: AbstractContextManager[Trackers] = nullcontext(Trackers({}, path))
            if leads := not this_process().number:
                write_bad_rows(data.records, path, *(test.records for test in tests.values()))
                about = tracked_run(path, "train")
                telling = tracked(plan.trackers(), about, begun=about.inner)
            with telling as trackers:
                summary = _trained(plan, data, tests, run, trackers)
                if leads:
                    assert summary is not None
                    run.finish(summary)
                    trackers.results(results_of(path))
    return Stage(plan.task, str(run.model), path, summary, reused)


def _trained(
    plan: StagePlan, data: LoadedData, tests: Tests, run: RunFolder, trackers: "Trackers"
) -> TrainSummary | None:
    """What the stage came to; None in a process that follows another one."""
    with importing():
        from rmexp.stages.refused import check_parts
        from rmexp.stages.trainer import quiet_libraries

        if plan.task == "ppo":
            from rmexp.stages.ppo.fit import fit_ppo as fit
        else:
            from rmexp.stages.supervised import fit

        began = time.perf_counter()
        quiet_libraries()
        parts = plan.parts()  # first: a mistake in it must not cost a reference
        check_parts(parts)
    if plan.reference is not None:
        log.info("neither model.reference nor model.init_from is given: training a reference")
        parts = parts.starting_from(obtain_stage(plan.reference, data, run.path).model)
    summary = fit(parts, data, tests, run, trackers)
    if summary is None:
        return None
    bad_rows = sum(len(part.records.bad_rows) for part in (data, *tests.values()))
    seconds, origins = round(time.perf_counter() - began, 2), tuple(data.records.origins)
    summary = replace(summary, bad_rows=bad_rows, leaks=data.leaks, seconds=seconds)
    return replace(summary, inputs=dict(plan.inputs), origins=origins, phases=phase_seconds())


def _is_made(plan: StagePlan, folder: Path) -> bool:
    """Whether a folder holds a finished run of the same stage."""
    made = read_summary(folder, TrainSummary)
    if made is None or not same_inputs(made.inputs, plan.inputs):
        return False
    return not plan.config.differences(read_config(folder))
