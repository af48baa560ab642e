"""What `train` says of a finished stage, in the terminal."""

from pathlib import Path

from rmexp.config.meant_paths import typed
from rmexp.reports.drawing.numbers import taken
from rmexp.reports.kept import kept_words
from rmexp.reports.terminal import number, percent, share_interval, show_table
from rmexp.runs.folder import MODEL
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.runs.summaries.policy import PolicyFigures
from rmexp.runs.summaries.train import LastEpoch, LastValidation, TrainSummary


def show_stage(summary: TrainSummary, path: Path, *, reference: str | None, reused: bool, in_sweep: bool) -> None:
    """Tables of its figures, what is to be said of it, and where it lies.

    Args:
        summary: of the stage.
        path: its run folder.
        reference: folder that a policy is measured against, where it was given.
        reused: whether it was finished before.
        in_sweep: whether it is one of many, so that no next command is told.
    """
    policy, length, kind = summary.policy, f"{summary.steps} steps", summary.kind
    if policy is None:
        _show_figures(summary)
    else:
        _show_rewards(policy)
        length, kind = f"{policy.iterations} iterations, {length}", "responses"
    by = ", by implicit reward" if summary.task in ("dpo", "ppo") else ""
    if summary.evaluation:
        header = (f"held out{by}", "accuracy", "95 %", "nll", "bits", "longer wins", "ceiling", "pairs", "ties", "cut")
        show_table(header, [*map(_held_out, summary.evaluation)])
        methods = dict.fromkeys(taken(row.method) for row in summary.evaluation if row.method)
        print("".join(f"accuracies: {method}\n" for method in methods), end="")
    for sentence in (*kept_words(summary), *summary.remarks):
        print(sentence)
    print(f"{length}, {summary.train_pairs_per_second:.0f} {kind}/s, {summary.seconds:.1f} s")
    print(f"run folder   {path}{'   (finished before)' if reused else ''}")
    if not in_sweep:
        print(f"report       rmexp report {typed('run_dir', str(path)).removeprefix('run_dir=')}")
        if command := next_command(summary.task, path, reference or (None if policy is None else policy.reference)):
            print(command)


def next_command(task: str, run: Path, reference: str | None) -> str:
    """A line with the command that evaluates what a run has left; none where nothing is to be evaluated.

    >>> next_command("reward", Path("runs/first"), None)
    'evaluate     rmexp evaluate scorer.path=runs/first/model data=...'
    >>> next_command("ppo", Path("runs/p"), "runs/s/model").partition("scorer=")[2]
    'implicit scorer.policy=runs/p/model scorer.reference=runs/s/model data=...'
    """
    if task == "reward":
        scorer = typed("scorer.path", str(run / MODEL))
    elif task in ("dpo", "ppo") and (against := str(own) if (own := run / "reference").is_dir() else reference):
        places = {"policy": run / MODEL, "reference": against}
        scorer = " ".join(["scorer=implicit", *(typed(f"scorer.{key}", str(place)) for key, place in places.items())])
    else:
        return ""
    return f"evaluate     rmexp evaluate {scorer} data=..."


def _held_out(row: HeldOutRow) -> tuple[str, ...]:
    return (
        row.place,
        percent(row.accuracy),
        share_interval(
            row.accuracy_low, row.accuracy_high, few=row.few and row.accuracy is not None, ties=row.tie_rate
        ),
        number(row.nll),
        number(row.usable_bits),
        percent(row.longer_accuracy),
        "" if row.bayes_accuracy is None else percent(row.bayes_accuracy),
        str(row.n),
        str(row.label_ties or ""),
        str(row.truncated or ""),
    )


def _show_rewards(policy: PolicyFigures) -> None:
    rows: list[tuple[str, ...]] = []
    for name, change in (("reward", policy.reward), ("gold", policy.gold)):
        if change is not None:
            gain = "" if change.gain is None else f"{change.gain:+.2f} SD"
            rows.append((name, f"{change.before:.3f}", f"{change.after:.3f}", gain))
    samples = policy.samples
    for name in ("kl", "tokens", "ended", "empty"):
        rows.append((name, *(f"{getattr(means, name):.2f}" for means in (samples.before, samples.after)), ""))
    show_table((f"{samples.n} fresh samples", "before", "after", f"gain (chance \u00b1 {samples.chance:.2f} SD)"), rows)


def _show_figures(summary: TrainSummary) -> None:
    kept = summary.kept
    until = "the last epoch" if kept is None or kept.step == kept.last_step else f"the epoch up to step {kept.step}"
    rows = [_figures("train", summary.train, f"{summary.kind} of {until}, while training")]
    if not summary.evaluation and summary.val.n:
        rows.append(_figures("val", summary.val, summary.kind))
    show_table(("", "accuracy", "loss", ""), rows)


def _figures(name: str, figures: LastEpoch | LastValidation, of: str) -> tuple[str, ...]:
    return name, percent(figures.accuracy), number(figures.loss), f"{figures.n} {of}"
