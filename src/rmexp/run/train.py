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
from typing import Any, NamedTuple

from omegaconf import DictConfig

from rmexp.config.folders import run_folder
from rmexp.config.saved import run_config
from rmexp.models.chat_template import template_fingerprint
from rmexp.models.location import folder_fingerprint
from rmexp.run.data import LoadedData, load_split_data, load_test_data, write_bad_rows
from rmexp.run.scorers import scorer_inputs
from rmexp.run.terminal import interval, number, percent, show_table
from rmexp.runs.folder import claim


def after_sweep(folders: Sequence[Path], sweep_dir: Path) -> None:
    """Put the finished cells of a multirun side by side: `evaluation.csv`, and who is good on whose data."""
    from rmexp.run.sweep_figures import matrix, write_sweep

    entries = write_sweep(folders, sweep_dir)
    if entries:
        print("\naccuracy on held-out pairs, mean over seeds")
        show_table(*matrix(entries))
    print(f"sweep        {sweep_dir / 'evaluation.csv'}")
    print(f"what each setting did: rmexp report run_dir={sweep_dir}")


class Trained(NamedTuple):
    """A finished stage."""

    path: Path
    summary: dict[str, Any]
    reused: bool


def train(config: DictConfig) -> Path:
    """Composed configuration in, finished run folder out."""
    tests = {str(name): load_test_data(node) for name, node in config.tests.items()}
    trained = train_stage(config, load_split_data(config.data, tests), tests, run_folder("train", config))
    _show(trained)
    return trained.path


def train_stage(config: DictConfig, data: LoadedData, tests: Mapping[str, LoadedData], path: Path) -> Trained:
    """Train in a folder, or find there that it was done before."""
    inputs = stage_inputs(config, data, tests)
    with claim(path, run_config(config), inputs) as run:
        done = run.summary()
        if done is not None:
            return Trained(path, done, reused=True)
        if config.task == "ppo":
            from rmexp.run.fit_ppo import fit_ppo as fit
        else:
            from rmexp.run.fit import fit

        write_bad_rows(data.records, path, *(test.records for test in tests.values()))
        run.finish(fit(config, data, tests, run) | {"inputs": inputs, "origins": list(data.records.origins)})
        return Trained(path, run.summary() or {}, reused=False)


def stage_inputs(config: DictConfig, data: LoadedData, tests: Mapping[str, LoadedData]) -> dict[str, str | None]:
    """Fingerprints of what a stage is made from and its configuration only names."""
    inputs: dict[str, str | None] = {"data": data.fingerprint}
    inputs |= {f"tests.{name}": test.fingerprint for name, test in tests.items()}
    reference = config.model.reference
    inputs["reference"] = reference and folder_fingerprint(reference)
    if reference is None and "path" in config.model:
        inputs["model"] = folder_fingerprint(config.model.path)
    for name in ("scorer", "gold"):
        inputs |= scorer_inputs(config[name], name) if config.get(name) else {}
    if config.get("value_model") not in (None, "shared", "policy"):
        inputs["value_model"] = folder_fingerprint(config.value_model)
    template = template_fingerprint(config.model.chat_template)
    if template is not None:
        inputs["chat_template"] = template
    return inputs


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


def _show(trained: Trained) -> None:
    summary = trained.summary
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
    print(f"run folder   {trained.path}{'   (finished before)' if trained.reused else ''}")


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
