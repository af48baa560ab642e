"""Where wandb puts files together before it takes them: in the run folder.

It makes two temporary folders when it is imported, which a process that is killed would leave behind. Its others are
those of the user, where they can be written to.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

_PLACE, _OTHERS = ".staging", ".cache"  # in the folder `wandb` of a run


class Staging:
    """The place in the folder of a run, from now until it is closed; that of a run around it comes back then.

    Args:
        folder: of the run, which one process has at a time.
    """

    def __init__(self, folder: Path) -> None:
        self._place = folder / "wandb" / _PLACE
        shutil.rmtree(self._place, ignore_errors=True)  # of a process that was killed
        give_up_temporary()
        self._before = {made: made.name for made in _folders()}
        for number, made in enumerate(self._before):
            made.name = str(self._place / str(number))  # which wandb looks up each time
            Path(made.name).mkdir(parents=True)

    def close(self) -> None:
        """Remove it."""
        for made, name in self._before.items():
            made.name = name
        shutil.rmtree(self._place, ignore_errors=True)


def write_beside(folder: Path) -> None:
    """Let wandb write into the folder of a run what it cannot write into those of the user; else its lines say so.

    To be called before its service is started, which asks once for all runs of this process.
    """
    from wandb.env import CACHE_DIR, DATA_DIR, get_cache_dir, get_data_dir

    for name, of_user in ((CACHE_DIR, get_cache_dir()), (DATA_DIR, get_data_dir())):
        if not _can_be_written(Path(of_user)):
            os.environ[name] = str(folder / "wandb" / _OTHERS)


def _can_be_written(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def give_up_temporary() -> None:
    """Remove the temporary folders that wandb has made, if it has."""
    for made in _folders():
        if _PLACE not in Path(made.name).parts:
            made.cleanup()


def _folders() -> "Iterator[TemporaryDirectory[str]]":
    from wandb.sdk.artifacts.artifact import Artifact
    from wandb.sdk.data_types._private import MEDIA_TMP

    yield from (MEDIA_TMP, Artifact._TMP_DIR)
