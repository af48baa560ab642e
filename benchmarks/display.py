"""What the live display of a terminal costs a training: processor seconds of its drawings and of what it is told.

Usage: `python -m benchmarks.display [--steps 300] [--rounds 3] [--out FILE.json]`. Every round is a process of its own,
which trains in a terminal of 120 columns. Counted are the whole thread that draws and the time that the training itself
spends on telling it of a step, as shares of the training's seconds. Products of the training go on while the thread
draws, so the sum is the most that a step can be slower by. Runs that are alike differ by more than that, which is why
steps per second say nothing here.
"""

import argparse
import contextlib
import json
import os
import pty
import statistics
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

TRAINING = ("train", "data=json_vs_text", "data.pairs=1000", "model=tiny", "trainer.threads=1", "data.val_fraction=0")
FIRST = 20  # steps before anything is counted
INSIDE = "--inside"


class Account:
    """Steps, and the processor seconds of the display among them."""

    def __init__(self) -> None:
        self.steps = 0
        self.telling = 0.0
        self.began = self.drawn_before = 0.0
        self.seconds = self.drawing = 0.0

    def timed(self, function: Callable[..., None]) -> Callable[..., None]:
        """The same method of a callback, whose processor seconds are counted."""

        def method(*arguments: Any) -> None:
            began = time.thread_time()
            function(*arguments)
            self.telling += time.thread_time() - began

        return method

    def ended(self) -> None:
        """Count a step."""
        self.steps += 1
        if self.steps == FIRST:
            self.began, self.drawn_before, self.telling = time.perf_counter(), seconds_of_drawing(), 0.0
        elif self.steps > FIRST:
            self.seconds = time.perf_counter() - self.began
            self.drawing = seconds_of_drawing() - self.drawn_before


def seconds_of_drawing() -> float:
    """Processor seconds of the threads that draw."""
    from rich.live import _RefreshThread

    clocks = [
        time.pthread_getcpuclockid(thread.ident)
        for thread in threading.enumerate()
        if isinstance(thread, _RefreshThread) and thread.ident is not None
    ]
    if not clocks:
        raise SystemExit("nothing draws: this is no terminal")
    return sum(time.clock_gettime(clock) for clock in clocks)


def inside(steps: int, folder: Path) -> None:
    """Train, and write what was counted."""
    from rmexp import cli
    from rmexp.training.callbacks.progress import Progress

    account, noted = Account(), Progress.on_train_batch_end

    def noted_and_counted(self: Progress, *rest: Any) -> None:
        noted(self, *rest)
        account.ended()

    Progress.on_train_batch_start = account.timed(Progress.on_train_batch_start)  # type: ignore[method-assign]
    Progress.on_train_batch_end = noted_and_counted  # type: ignore[method-assign]
    code = cli.main([*TRAINING, f"trainer.max_steps={steps}", "trainer.max_epochs=1000", f"run_dir={folder / 'run'}"])
    (folder / "account.json").write_text(json.dumps(vars(account)), encoding="utf-8")
    raise SystemExit(code)


def in_a_terminal(command: Sequence[str]) -> None:
    """Run a command in a terminal that somebody reads."""
    process, ours = pty.fork()
    if not process:
        os.execvpe(command[0], command, os.environ | {"TERM": "xterm-256color"})
    termios.tcsetwinsize(ours, (40, 120))
    said = b""
    with contextlib.suppress(OSError):  # a terminal whose last writer has ended
        while part := os.read(ours, 65536):
            said += part
    os.close(ours)
    if os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]):
        raise SystemExit(said.decode(errors="replace")[-2000:])


def measure(steps: int) -> dict[str, float]:
    """One round."""
    with tempfile.TemporaryDirectory() as folder:
        in_a_terminal([sys.executable, "-m", "benchmarks.display", f"--steps={steps}", INSIDE, folder])
        account = json.loads((Path(folder) / "account.json").read_text(encoding="utf-8"))
    counted = account["steps"] - FIRST
    return {
        "milliseconds_of_a_step": 1000 * account["seconds"] / counted,
        "drawing_percent": 100 * account["drawing"] / account["seconds"],
        "telling_percent": 100 * account["telling"] / account["seconds"],
    }


def main() -> None:
    """Measure, print a table, write JSON where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    parser.add_argument(INSIDE, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside is not None:
        inside(options.steps, options.inside)
    rounds = [measure(options.steps) for _ in range(options.rounds)]
    median = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    text = "{milliseconds_of_a_step:.1f} ms a step: drawing {drawing_percent:.2f} %, telling {telling_percent:.2f} %"
    for one in rounds:
        print(text.format(**one))
    print("median:", text.format(**median))
    if options.out is not None:
        options.out.write_text(json.dumps({"training": TRAINING, "rounds": rounds, "median": median}, indent=2) + "\n")


if __name__ == "__main__":
    main()
