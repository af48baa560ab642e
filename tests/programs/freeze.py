"""Makes an archive of run folders as the code of today leaves them, for later code to go on with and to read.

    .venv/bin/python tests/programs/freeze.py tests/fixtures/NAME.tar.xz

The archive holds `runs/` and `commands.json`: each command with the folder that it made. Small models of seconds, no
data or models from outside, all folders by their default names, whose hashes the archive keeps too. What tells of the
machine is left out. `tests/verbs/test_frozen.py` looks at every archive in `tests/fixtures/`.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

PLACE = Path("/tmp/rmexp-freeze")  # checkpoints name their folder, so it is one that any machine may have
DATA = ("data.pairs=24", "data.unseen_pairs=10", "data.cache_dir=null")
SMALL = (
    *(*DATA, "data.batch_pairs=8", "logger=csv", "trainer=cpu", "trainer.threads=1", "model.hidden_size=8"),
    *("model.layers=1", "model.heads=1", "model.vocabulary=264", "model.max_positions=1024"),
)
ROLLOUTS = ("rollouts.samples=8", "rollouts.max_new_tokens=8", "rollouts.evaluation_samples=16", "kl.target=2.0")
PPO = ("train", "task=ppo", "scorer=baseline", *SMALL, *ROLLOUTS)
OFTEN = "callbacks.saving.every_seconds=0"
FINISHED = {
    "reward": ("train", "task=reward", *SMALL),
    "dpo": ("train", "task=dpo", *SMALL),
    "ppo": (*PPO, "rollouts.iterations=3"),
    "evaluate": ("evaluate", "scorer.path={reward}/model", *DATA, "threads=1", "draws=100"),
    "compare": ("compare", *SMALL, *(f"{stage}.trainer.max_epochs=1" for stage in ("sft", "reward", "dpo"))),
    "sweep": ("train", "-m", "task=reward", *SMALL, "trainer.max_epochs=1", "optimizer.lr=1e-3,1e-1", "seed=0,1"),
}
INTERRUPTED = {
    "interrupted_reward": ("train", "task=reward", *SMALL, OFTEN, "trainer.max_epochs=12"),
    "interrupted_ppo": (*PPO, OFTEN, "rollouts.iterations=8"),
}


def main() -> None:
    archive = Path(sys.argv[1]).resolve()
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir()
    made: dict[str, dict[str, object]] = {}
    for name, command in (FINISHED | INTERRUPTED).items():
        folders = {name: one["folder"] for name, one in made.items()}
        arguments = [text.format(**folders) if "{" in text else text for text in command]
        before = run_folders()
        run(arguments, interrupt=name in INTERRUPTED)
        (folder,) = run_folders() - before
        made[name] = {"command": arguments, "folder": folder, "finished": name in FINISHED}
        print(name, folder)
    (PLACE / "commands.json").write_text(json.dumps(made, indent=1) + "\n")
    pack(archive)


def pack(archive: Path) -> None:
    """Put everything into the archive but what tells of the machine."""
    for file in PLACE.rglob("environment.json"):
        record = json.loads(file.read_text())
        file.write_text(json.dumps(record | {"machine": {}, "git_commit": None}, indent=2) + "\n")
    with tarfile.open(archive, "w:xz", preset=9) as tar:
        for path in sorted(PLACE.rglob("*")):
            if path.is_file() and path.name != ".lock" and ".stages" not in path.parts:
                tar.add(path, str(path.relative_to(PLACE)), filter=of_nobody)
    shutil.rmtree(PLACE)


def run_folders() -> set[str]:
    return {str(path.relative_to(PLACE)) for path in PLACE.glob("runs/*/[!.]*")}


def run(arguments: list[str], *, interrupt: bool) -> None:
    """Run a command to its end, or for some steps after its first checkpoint."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "WANDB_MODE": "disabled"}
    before = run_folders()
    process = subprocess.Popen([sys.executable, "-m", "rmexp", *arguments], cwd=PLACE, env=environment)
    while interrupt and process.poll() is None:
        tables = [PLACE / folder / "metrics.csv" for folder in run_folders() - before]
        if any(path.exists() and len(path.read_text().splitlines()) > 3 for path in tables):
            process.send_signal(signal.SIGINT)
            break
        time.sleep(0.01)
    expected = 130 if interrupt else 0
    if process.wait() != expected:
        raise SystemExit(f"{' '.join(arguments)}: expected to end with {expected}, got {process.returncode}")


def of_nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without owner and time."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = 0
    return entry


if __name__ == "__main__":
    main()
