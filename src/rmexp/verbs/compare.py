"""Compares an explicit reward model with the implicit reward of a DPO policy, on the same held-out pairs.

Obtains the SFT reference, the reward model and the policy (each trained, or reused when nothing that it depends on has
changed), scores the evaluation splits with both, some of their pairs in other tokens too, and other data, and writes
report.html, disagreements.jsonl and summary.json. Pairs that a model was trained on are left out of the figures, unless
data.trained_on=keep. Where all models are given, all pairs are judged, or all splits but `train`.

Examples:
    rmexp compare data=json_vs_text model=tiny
    rmexp compare data=jsonl data.path=PAIRS.jsonl.gz data.group=meta.topic dpo.loss.beta=0.2
    rmexp compare data=json_vs_text +data@tests.other=jsonl tests.other.path=PAIRS.jsonl trainer.validate_every_steps=10
    rmexp compare experiment=rlhf_circle
    rmexp compare data=json_vs_text reward.path=MODEL_FOLDER model.reference=SFT_FOLDER
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from omegaconf import DictConfig

from rmexp.comparison.policies import PolicyResult
from rmexp.config.folders import run_folder
from rmexp.config.identity.saved import run_config
from rmexp.data.loaded import LoadedData, write_bad_rows
from rmexp.durable import write_text
from rmexp.evaluation.apart import KEEP
from rmexp.evaluation.measures.accuracy import Accuracy
from rmexp.hardware.processes import this_process
from rmexp.jsonl import write_rows
from rmexp.models.backbones.location import model_inputs
from rmexp.models.folders.chat_template import template_fingerprint
from rmexp.models.folders.trained_on import promise
from rmexp.phases import Phase, importing, phase
from rmexp.reports.terminal import interval, percent, share_interval, show_table
from rmexp.runs.folder import RunFolder, read_environment, same_inputs, shared
from rmexp.runs.summaries.compare import CompareSummary, SplitFigures
from rmexp.runs.summaries.compared_sets import SetFigures
from rmexp.runs.summaries.file import SUMMARY
from rmexp.runs.summaries.held_out import CHOSE
from rmexp.verbs.comparing.given import all_given, given_reference
from rmexp.verbs.data import load_judged_data, load_run_data
from rmexp.verbs.limits import limited_by
from rmexp.verbs.shared_run import connected, leave_to_first


def compare(config: DictConfig) -> Path:
    """Composed configuration in, finished run folder with its report out."""
    given = all_given(config)
    if given:
        config = limited_by(config, {"reward.path": config.reward.path, "dpo.path": config.dpo.path})
    data, tests = (load_judged_data if given else load_run_data)(config.data, config.tests)
    if data.records.demonstrations:
        raise ValueError(f"a comparison needs pairs, but data={data.name} has demonstrations (set data)")
    bound = run_config(config)
    path = run_folder("compare", config, bound)
    inputs = _inputs(config, data, tests)
    with shared(path, bound, _finished_with(config, path, inputs) if given else inputs) as run:
        summary = run.summary(CompareSummary)
        if summary is None:
            summary = _compare(config, data, tests, run)
            run.finish(summary)
    _show(summary, path)
    return path


def _inputs(config: DictConfig, data: LoadedData, tests: Mapping[str, LoadedData]) -> dict[str, str | None]:
    given = {"reference": given_reference(config), "reward": config.reward.path, "dpo": config.dpo.path}
    if config.model.init_from is not None:
        given["init_from"] = config.model.init_from
    elif config.model.reference is None and "path" in config.model:
        given["model"] = config.model.path
    inputs: dict[str, str | None] = {"data": data.fingerprint}
    for name, path in given.items():
        inputs |= model_inputs(name, path)
    seen = {f"{name}.trained_on": promise(path).fingerprint for name, path in given.items() if path is not None}
    inputs |= {key: found for key, found in seen.items() if found is not None}
    inputs |= {f"tests.{name}": test.fingerprint for name, test in tests.items()}
    template = template_fingerprint(config.model.chat_template)
    return inputs if template is None else inputs | {"chat_template": template}


def _finished_with(config: DictConfig, path: Path, inputs: dict[str, str | None]) -> dict[str, str | None]:
    """The inputs of a comparison of given models, or those that it has finished with in an earlier version.

    Once given models judged only what a training would have left them, too.
    """
    if (path / SUMMARY).is_file() and not same_inputs(noted := read_environment(path).inputs, inputs):
        with suppress(ValueError):  # the data are none that could be learnt from
            once = _inputs(config, *load_run_data(config.data, config.tests))
            return once if same_inputs(noted, once) else inputs
    return inputs


def _compare(config: DictConfig, data: LoadedData, tests: Mapping[str, LoadedData], run: RunFolder) -> CompareSummary:
    with importing("torch, transformers"):
        from rmexp.reports.compare.page import compare_report
        from rmexp.verbs.comparing.page import Compared, comparison
        from rmexp.verbs.comparing.policies import compared_policies
        from rmexp.verbs.comparing.scores import both_scorers, score_everything
        from rmexp.verbs.comparing.shifts import domain_shifts, held_out, token_shifts
        from rmexp.verbs.comparing.stages import obtain_stages, processes
        from rmexp.verbs.comparing.summary import as_summary

    began = time.perf_counter()
    if not this_process().number:
        write_bad_rows(data.records, run.path)
    stages = obtain_stages(config, data, run.path)
    trained = time.perf_counter()
    with phase(Phase.EVALUATING, "both rewards on the same pairs"):
        folder, keep = run.path / "scored", config.data.trained_on == KEEP
        kept = {name: config.tests[name].trained_on == KEEP for name in tests}
        with connected(processes(config), run.path):
            scorers = both_scorers(stages, data.limits, config.trainer.threads)
            scores = score_everything(scorers, data.records, folder, keep=keep)
            pairs = held_out(scores.splits, data, list(config.slices), keep=keep)
            pairs += token_shifts(pairs[0], scorers, config.shift_pairs, folder)
            pairs += domain_shifts(tests, scorers, folder, kept)
            policies = compared_policies(config, data, stages, scorers, run.path)
        leave_to_first()
        report = comparison(config, Compared(data, stages, scorers, scores, pairs, policies), run)
        write_rows(run.path / "disagreements.jsonl", (asdict(row) for row in report.disagreements))
        write_text(run.path / "report.html", compare_report(report))
    now = time.perf_counter()
    seconds = {"stages": trained - began, "scoring_and_report": now - trained, "all": now - began}
    return as_summary(report, stages, data.leaks, {name: round(value, 2) for name, value in seconds.items()})


def _shifted(one: SetFigures) -> tuple[str, ...]:
    name = f"{one.split} in other tokens: {one.name}" if one.kind == "tokens" else one.name
    accuracies = (percent(row["accuracy"]) for row in (one.whole.explicit, one.whole.implicit))
    return (name, *accuracies, percent(one.whole.agreement.same_order), f"{one.pairs} pairs")


def _policy(row: PolicyResult) -> tuple[str, ...]:
    judged: list[str] = []
    for verdict in row.verdicts.values():
        judged += [f"{verdict.gain:+.2f} SD", f"{percent(verdict.wins)} {interval(verdict.low, verdict.high)}"]
    return (row.name, *judged, f"{row.kl:.1f}", "" if row.seconds is None else f"{row.seconds:.0f} s")


def _split(name: str, figures: SplitFigures) -> Iterator[tuple[str, ...]]:
    of = f"{name} pairs{f' ({CHOSE})' if figures.selected_on else ''}"
    scored = {"explicit reward": figures.explicit, "implicit reward": figures.implicit}
    for scorer, one in scored.items():
        ends = [end for end in (one.chosen_min, one.chosen_max, one.rejected_min, one.rejected_max) if end is not None]
        yield *_accuracy(scorer, of, one), f"{min(ends):.1f} .. {max(ends):.1f}" if ends else ""
    if figures.baselines.longer is not None:
        yield *_accuracy("longer wins", of, figures.baselines.longer), ""


def _accuracy(scorer: str, of: str, one: Accuracy) -> tuple[str, ...]:
    bounds = share_interval(one.accuracy_low, one.accuracy_high, few=one.few, ties=one.tie_rate)
    return scorer, percent(one.accuracy), bounds, f"{one.n} {of}"


def _show(summary: CompareSummary, path: Path) -> None:
    rows = [row for name, figures in summary.splits.items() for row in _split(name, figures)]
    show_table(("", "accuracy", "95 %", "", "rewards"), rows)
    print("".join(f"{note}\n" for note in summary.notes), end="")
    shifted = [one for one in summary.sets if one.kind != "held_out"]
    if shifted:
        print()
        show_table(("elsewhere", "explicit", "implicit", "same order", ""), [*map(_shifted, shifted)])
        print()
    if summary.policies:
        judges = [text for name in summary.policies[0].verdicts for text in (name, "beats sft")]
        show_table(("policy", *judges, "KL", "cost"), [*map(_policy, summary.policies)])
        print()
    agreed, shown = summary.agreement, summary.showcase
    same = round((agreed.same_order or 0) * agreed.pairs)
    print(
        f"same response first on {same} of {agreed.pairs} {summary.headline} pairs "
        f"and on {shown.same_order} of {shown.prompts} showcase prompts"
    )
    print(f"run folder   {path}")
    print(f"report       {path / 'report.html'}")
