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
from rmexp.config.meant_paths import typed
from rmexp.models.backbones.start import starting_folders
from rmexp.phases import importing
from rmexp.reports.terminal import show_table
from rmexp.stages.obtain import train_stage
from rmexp.verbs.data import load_run_data
from rmexp.verbs.training.plan import stage_plan
from rmexp.verbs.training.shown import show_stage


def after_sweep(folders: Sequence[Path], sweep_dir: Path) -> None:
    """Put the finished cells of a multirun side by side: `evaluation.csv`, and who is good on whose data."""
    from rmexp.sweeps.sweep_figures import matrix, write_sweep

    entries = write_sweep(folders, sweep_dir)
    if entries:
        print("\naccuracy on held-out pairs, mean over seeds")
        show_table(*matrix(entries))
    print(f"sweep        {sweep_dir / 'evaluation.csv'}")
    print(f"what each setting did: rmexp report {typed('run_dir', str(sweep_dir))}")


def plan(config: DictConfig) -> None:
    """Composed configuration in; what its run would take is shown, and no run is made."""
    data, _ = load_run_data(config.data, config.tests)
    with importing("torch, transformers"):
        from rmexp.verbs.training.needs import show_needs
    show_needs(config, data)


def train(config: DictConfig) -> Path:
    """Composed configuration in, finished run folder out."""
    data, tests = load_run_data(config.data, config.tests)
    wanted = stage_plan(config, data, tests)
    path = run_folder("train", config, wanted.config)
    stage = train_stage(wanted, data, tests, path)
    if stage.summary is None:
        raise SystemExit(0)  # of a process that follows another one, which says what has come of it
    reference = starting_folders(config.task, config.model.init_from, config.model.reference).reference
    in_sweep = config.sweep_dir is not None
    show_stage(stage.summary, path, reference=reference, reused=stage.reused, in_sweep=in_sweep)
    return path
