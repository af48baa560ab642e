"""What a run that was stopped has left to go on from, in words."""

from pathlib import Path


class RunStopped(KeyboardInterrupt):
    """Ctrl-C or SIGTERM ended a run; the message says what is kept of it."""


def kept_work(folder: Path) -> str:
    """What lies in the folder of a run that has not finished."""
    checkpoints = sorted(folder.glob("checkpoints/*.ckpt"), key=lambda path: path.stat().st_mtime_ns)
    found = [str(path.relative_to(folder)) for path in checkpoints[-1:]]
    found += ["model"] if (folder / "model").is_dir() else []
    whole = [path for path in folder.glob("scored/**/*.jsonl") if not path.parent.name.endswith(".shards")]
    parts = list(folder.glob("scored/**/*.shards/*.jsonl"))
    found += [f"{len(whole)} scored file{'s' * (len(whole) != 1)}"] if whole else []
    found += [f"{len(parts)} part{'s' * (len(parts) != 1)} of a scored file"] if parts else []
    return f"{folder} keeps {', '.join(found)}" if found else f"{folder} keeps nothing yet"
