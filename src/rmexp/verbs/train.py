"""Trains one stage: a reward model, an SFT reference or a DPO policy on preference pairs, or a policy on any reward.

The run folder holds the model, metrics.csv, checkpoints and summary.json; the same command again goes on where it
stopped, or shows the figures of a finished run.

Examples:
    rmexp train task=reward data=json_vs_text model=tiny
    rmexp train task=reward data=jsonl data.path=PAIRS.jsonl model=hub model.path=HF_FOLDER_OR_ID
    rmexp train task=ppo data=synthetic scorer=gold model=tiny
    rmexp train -m task=reward optimizer.lr=1e-4,1e-3 seed=0,1
"""

from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from rmexp.config.folders import run_folder
from rmexp.config.identity.saved import run_config
from rmexp.config.overrides import typed
from rmexp.data.loaded import LoadedData
from rmexp.phases import importing
from rmexp.reports.kept import kept_words
from rmexp.reports.terminal import number, percent, share_interval, show_table
from rmexp.runs.folder import MODEL
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.runs.summaries.policy import PolicyFigures
from rmexp.runs.summaries.train import LastEpoch, LastValidation, TrainSummary
from rmexp.stages.obtain import train_stage
from rmexp.verbs.data import load_run_data
from rmexp.verbs.stage_plan import stage_parts, stage_plan


def after_sweep(folders: Sequence[Path], sweep_dir: Path) -> None:
    """Put the finished cells of a multirun side by side: `evaluation.csv`, and who is good on whose data."""
    from rmexp.sweeps.sweep_figures import matrix, write_sweep

    entries = write_sweep(folders, sweep_dir)
    if entries:
        print("\naccuracy on held-out pairs, mean over seeds")
        show_table(*matrix(entries))
    print(f"sweep        {sweep_dir / 'evaluation.csv'}")
    print(f"what each setting did: rmexp report {typed('run_dir', str(sweep_dir))}")


def train(config: DictConfig) -> Path:
    """Composed configuration in, finished run folder out."""
    data, tests = load_run_data(config.data, config.tests)
    bound = run_config(config)
    path = run_folder("train", config, bound)
    if config.plan:
        _plan(config, data)
        return path
    plan = stage_plan(config, bound, data, tests)
    stage = train_stage(plan, data, tests, path)
    if stage.summary is None:
        raise SystemExit(0)  # of a process that follows another one, which says what has come of it
    command = next_command(plan.task, path) if config.sweep_dir is None else ""
    _show(stage.summary, path, reused=stage.reused)
    if command:
        print(command)
    return path


def next_command(task: str, run: Path) -> str:
    """A line with the command that evaluates what a run has left; none where nothing is to be evaluated.

    >>> next_command("reward", Path("runs/first"))
    'evaluate     rmexp evaluate scorer.path=runs/first/model data=...'
    """
    if task == "reward":
        scorer = typed("scorer.path", str(run / MODEL))
    elif task in ("dpo", "ppo") and (run / "reference").is_dir():
        places = {"policy": run / MODEL, "reference": run / "reference"}
        scorer = " ".join(["scorer=implicit", *(typed(f"scorer.{key}", str(place)) for key, place in places.items())])
    else:
        return ""
    return f"evaluate     rmexp evaluate {scorer} data=..."


def _plan(config: DictConfig, data: LoadedData) -> None:
    """Show what a stage would take."""
    if config.sweep_dir is not None:
        raise ValueError("plan=true shows one run, and its cells would count as finished (leave out -m)")
    with importing("torch, transformers"):
        from rmexp.verbs.run_plan import run_plan
    plan = run_plan(stage_parts(config), data, config.plan_flops)
    batch, setting = plan.batch, plan.setting
    header = ("devices", *("weights", "gradients", "optimizer", "activations", "peak", "sent"), "a step", "all")
    rows = []
    for (count, sharing), need in plan.rows.items():
        sizes = (need.weights, need.gradients, need.optimizer, need.activations, need.peak, need.communication)
        times = (f"{need.seconds:.3g} s", f"{need.seconds * plan.steps / 60:.3g} min")
        rows.append(
            (f"{count} {sharing if count > 1 else ''}".strip(), *(f"{size / 2**30:.3g}" for size in sizes), *times)
        )
    show_table(header, rows)
    print(
        f"GiB of each device, {setting.precision}; {plan.shape.parameters:,} parameters"
        f"{f', {setting.adapters:,} of adapters' if setting.adapters else ''}; {plan.steps} steps of "
        f"{batch.pairs:.0f} examples in {batch.tokens:.0f} tokens, at {setting.flops:.3g} operations a second"
    )


def _held_out(row: HeldOutRow) -> tuple[str, ...]:
    return (
        row.place,
        percent(row.accuracy),
        share_interval(row.accuracy_low, row.accuracy_high, few=row.few, ties=row.tie_rate),
        number(row.nll),
        number(row.usable_bits),
        percent(row.longer_accuracy),
        "" if row.bayes_accuracy is None else percent(row.bayes_accuracy),
        str(row.n),
        str(row.truncated or ""),
    )


def _show(summary: TrainSummary, path: Path, *, reused: bool) -> None:
    policy, length, kind = summary.policy, f"{summary.steps} steps", summary.kind
    if policy is None:
        _show_figures(summary)
    else:
        _show_rewards(policy)
        length, kind = f"{policy.iterations} iterations, {length}", "responses"
    by = ", by implicit reward" if summary.task in ("dpo", "ppo") else ""
    if summary.evaluation:
        header = (f"held out{by}", "accuracy", "95 %", "nll", "bits", "longer wins", "ceiling", "pairs", "cut")
        show_table(header, [*map(_held_out, summary.evaluation)])
        methods = dict.fromkeys(row.method for row in summary.evaluation if row.method)
        print("".join(f"accuracies: {method}\n" for method in methods), end="")
    for sentence in (*kept_words(summary), *summary.remarks):
        print(sentence)
    print(f"{length}, {summary.train_pairs_per_second:.0f} {kind}/s, {summary.seconds:.1f} s")
    print(f"run folder   {path}{'   (finished before)' if reused else ''}")


def _show_rewards(policy: PolicyFigures) -> None:
    rows: list[tuple[str, ...]] = []
    for name, change in (("reward", policy.reward), ("gold", policy.gold)):
        if change is not None:
            gain = "" if change.gain is None else f"{change.gain:+.2f} SD"
            rows.append((name, f"{change.before:.3f}", f"{change.after:.3f}", gain))
    samples = policy.samples
    for name in ("kl", "tokens", "ended", "empty"):
        rows.append((name, *(f"{getattr(means, name):.2f}" for means in (samples.before, samples.after)), ""))
    show_table((f"{samples.n} fresh samples", "before", "after", "gain"), rows)


def _show_figures(summary: TrainSummary) -> None:
    kept = summary.kept
    until = "the last epoch" if kept is None or kept.step == kept.last_step else f"the epoch up to step {kept.step}"
    rows = [_figures("train", summary.train, f"{summary.kind} of {until}, while training")]
    if not summary.evaluation and summary.val.n:
        rows.append(_figures("val", summary.val, summary.kind))
    show_table(("", "accuracy", "loss", ""), rows)


def _figures(name: str, figures: LastEpoch | LastValidation, of: str) -> tuple[str, ...]:
    return name, percent(figures.accuracy), number(figures.loss), f"{figures.n} {of}"
