"""Writes a reward model or a policy as a plain transformers folder, reloads it in a fresh process and compares scores.

A reward model becomes an AutoModelForSequenceClassification with one label and the raw reward, a policy an
AutoModelForCausalLM; a model card tells how to use it and how good it is. Nothing is left where scores differ.

Examples:
    rmexp export RUN_FOLDER out=FOLDER
    rmexp export RUN_FOLDER keep=last out=FOLDER
    rmexp export MODEL_FOLDER out=FOLDER evaluation=RUN/evaluation.json
    rmexp export DPO_FOLDER out=FOLDER overwrite=true
    rmexp export PEFT_FOLDER out=FOLDER merge=false
"""

import time
from pathlib import Path

from omegaconf import DictConfig

from rmexp.config.folders import run_folder
from rmexp.config.identity.run_settings import run_settings
from rmexp.config.identity.saved import run_config
from rmexp.durable import write_text
from rmexp.left_files import read_json
from rmexp.lines import check_file
from rmexp.metrics.parity import Parity
from rmexp.models.backbones.location import model_inputs
from rmexp.phases import Phase, phase
from rmexp.runs.files import CONFIG
from rmexp.runs.folder import LAST_MODEL, MODEL, claim
from rmexp.runs.rows import record_of
from rmexp.runs.summaries.export import ExportedModel, ExportSummary
from rmexp.runs.summaries.file import read_summary
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.runs.summaries.train import TrainSummary

CARD = "README.md"


def export(config: DictConfig) -> Path:
    """Composed configuration in, finished run folder out; the model lies in `out`."""
    bound, model = run_config(config), model_of(str(config.path), config.keep)
    path = run_folder("export", config, bound)
    inputs = {**model_inputs("model", model), "evaluation": _content(config.evaluation)}
    with claim(path, bound, inputs) as run:
        out = run.model if config.out is None else Path(config.out)
        summary = run.summary(ExportSummary)
        if summary is None or not out.exists():
            _refuse_to_replace(out, config)
            with phase(Phase.SAVING, str(out)):
                summary = _export(config, model, out)
            run.finish(summary)
    _show(summary, path)
    return path


def model_of(path: str, keep: str | None) -> str:
    """The folder of the model that is asked for.

    Args:
        path: folder of a run, or of a model, or a hub id.
        keep: `best` or `last` weights of a run; None for those in its `model/`.

    Raises:
        ValueError: it is not there, or `keep` asks for weights of what is no run.
    """
    folder = Path(path)
    if keep not in (None, "best", "last"):
        raise ValueError(f"keep must be best or last, got {keep}")
    if folder.suffix == ".ckpt":
        raise ValueError(
            f"{path} is a checkpoint, to go on from (set path={folder.parent.parent} keep=best or keep=last)"
        )
    if not (folder / CONFIG).is_file():
        if keep is None:
            return path
        raise ValueError(f"keep={keep}: {path} is no folder of a run (set path to the one that holds model/)")
    trained = read_summary(folder, TrainSummary)
    if trained is None:
        raise ValueError(f"{path}: expected a finished run of training (set path)")
    kept, best = trained.kept, run_settings(folder).get("trainer.keep") == "best"  # older runs kept the last weights
    if keep == "best" and not best:
        raise ValueError(
            f"keep=best: {path} kept its last weights alone (set keep=last, or train with trainer.keep=best)"
        )
    replaced = keep == "last" and kept is not None and kept.step != kept.last_step
    return str(folder / (LAST_MODEL if replaced else MODEL))


def _content(path: str | None) -> str | None:
    if path is None:
        return None
    if not Path(path).is_file():
        raise ValueError(f"{path}: expected an evaluation.json, but there is no such file (set evaluation)")
    return Path(path).read_text(encoding="utf-8")


def _refuse_to_replace(out: Path, config: DictConfig) -> None:
    if not config.overwrite and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} is there already (set another out, or overwrite=true)")


def _export(config: DictConfig, model: str, out: Path) -> ExportSummary:
    from rmexp.models.folders.conversation_template import EXAMPLES
    from rmexp.models.folders.export import prepare_export
    from rmexp.models.folders.parity import check_parity, own_scores
    from rmexp.reports.model_card import model_card

    began = time.perf_counter()
    prepared = prepare_export(model, EXAMPLES, merge=config.merge)
    own = own_scores(prepared, EXAMPLES)
    found: list[Parity] = []

    def finish(folder: Path) -> None:
        found.append(check_parity(folder, prepared.kind, own, EXAMPLES))
        figures = _figures(config, model)
        card = model_card(
            out.name,
            prepared.contract,
            found[0].largest_difference,
            figures,
            prepared.remarks,
            adapter=prepared.adapter,
        )
        write_text(folder / CARD, card)

    fingerprint = prepared.write(out, finish)
    return ExportSummary(
        model=ExportedModel(str(out), prepared.kind, fingerprint, model),
        parity=found[0],
        remarks=tuple(prepared.remarks),
        seconds=round(time.perf_counter() - began, 2),
    )


def _figures(config: DictConfig, model: str) -> list[HeldOutRow]:
    """Rows of an evaluation: the one given, else that of the run, whose replaced last weights were not judged."""
    if config.evaluation:
        path = Path(config.evaluation)
        check_file(path, "evaluation")
        content = read_json(path)
        return [record_of(HeldOutRow, row, path) for row in content.get("results") or content.get("evaluation") or ()]
    trained = None if Path(model).name == LAST_MODEL else read_summary(Path(model).parent, TrainSummary)
    return [] if trained is None else list(trained.evaluation)


def _show(summary: ExportSummary, path: Path) -> None:
    parity, model = summary.parity, summary.model
    for remark in summary.remarks:
        print(f"note: {remark}")
    print(
        f"{model.kind.replace('_', ' ')}: a fresh process with transformers alone gives {parity.examples} "
        f"conversations the same scores (largest difference {parity.largest_difference:.1e}, "
        f"allowed {parity.tolerance:.1e})"
    )
    print(f"model        {model.path}")
    print(f"run folder   {path}")
