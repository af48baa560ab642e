"""Trains one stage: a reward model, an SFT reference or a DPO policy on preference pairs, or a policy on any reward.

The run folder holds the model, metrics.csv, checkpoints and summary.json; the same command again goes on where it
stopped, or shows the figures of a finished run.

Examples:
    rmexp train task=reward data=json_vs_text model=tiny
    rmexp train task=reward data=jsonl data.path=PAIRS.jsonl model=hub model.path=HF_FOLDER_OR_ID
    rmexp train task=ppo data=synthetic scorer=gold model=tiny
    rmexp train -m task=reward optimizer.lr=1e-4,1e-3 seed=0,1
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from rmexp.config.folders import run_folder
from rmexp.run.data import load_split_data, load_test_data
from rmexp.run.stage_plan import stage_plan
from rmexp.run.terminal import interval, number, percent, show_table
from rmexp.stages.obtain import train_stage


def after_sweep(folders: Sequence[Path], sweep_dir: Path) -> None:
    """Put the finished cells of a multirun side by side: `evaluation.csv`, and who is good on whose data."""
    from rmexp.run.sweep_figures import matrix, write_sweep

    entries = write_sweep(folders, sweep_dir)
    if entries:
        print("\naccuracy on held-out pairs, mean over seeds")
        show_table(*matrix(entries))
    print(f"sweep        {sweep_dir / 'evaluation.csv'}")
    print(f"what each setting did: rmexp report run_dir={sweep_dir}")


def train(config: DictConfig) -> Path:
    """Composed configuration in, finished run folder out."""
    tests = {str(name): load_test_data(node) for name, node in config.tests.items()}
    data, path = load_split_data(config.data, tests), run_folder("train", config)
    stage = train_stage(stage_plan(config, data, tests), data, tests, path)
    _show(stage.summary, path, reused=stage.reused)
    return path


def _held_out(row: Mapping[str, Any]) -> tuple[str, ...]:
    name = " ".join(filter(None, (row["data"], row["split"], row["slice"])))
    bounds = interval(row["accuracy_low"], row["accuracy_high"])
    beside = [percent(row[key]) if key in row else "" for key in ("longer_accuracy", "bayes_accuracy")]
    cut = str(row.get("truncated") or "")
    return (
        name,
        percent(row["accuracy"]),
        bounds,
        number(row["nll"]),
        number(row["usable_bits"]),
        *beside,
        str(row["n"]),
        cut,
    )


def _show(summary: Mapping[str, Any], path: Path, *, reused: bool) -> None:
    if summary["task"] == "ppo":
        _show_rewards(summary)
    else:
        _show_figures(summary)
    by = ", by implicit reward" if summary["task"] in ("dpo", "ppo") else ""
    if summary["evaluation"]:
        header = (f"held out{by}", "accuracy", "95 %", "nll", "bits", "longer wins", "ceiling", "pairs", "cut")
        show_table(header, [*map(_held_out, summary["evaluation"])])
    length, kind = f"{summary['steps']} steps", _kind(summary)
    if summary["task"] == "ppo":
        length, kind = f"{summary['iterations']} iterations, {length}", "responses"
    print(f"{length}, {summary['train_pairs_per_second']:.0f} {kind}/s, {summary['seconds']:.1f} s")
    print(f"run folder   {path}{'   (finished before)' if reused else ''}")


def _kind(summary: Mapping[str, Any]) -> str:
    return "pairs" if "train_pairs" in summary else "demonstrations"


def _show_rewards(summary: Mapping[str, Any]) -> None:
    rows = []
    for name in ("reward", "gold"):
        if change := summary[name]:
            gain = (change["after"] - change["before"]) / change["sd_before"]
            means = (f"{change[key]:.3f}" for key in ("before", "after"))
            rows.append((name, *means, f"{gain:+.2f} SD"))
    for name in ("kl", "tokens", "ended", "empty"):
        rows.append((name, *(f"{summary['samples'][key][name]:.2f}" for key in ("before", "after")), ""))
    show_table((f"{summary['samples']['n']} fresh samples", "before", "after", "gain"), rows)


def _show_figures(summary: Mapping[str, Any]) -> None:
    kind = _kind(summary)
    rows = [
        (name, percent(figures["accuracy"]), number(figures["loss"]), f"{figures['n']} {kind}{remark}")
        for name, remark in (("train", " of the last epoch, while training"), ("val", ""))
        if (figures := summary[name]) and not (name == "val" and summary["evaluation"])
    ]
    show_table(("", "accuracy", "loss", ""), rows)
