"""The folder of YAML files: where it is, which verbs it has, which options a group has."""

from functools import cache
from pathlib import Path

import rmexp


@cache
def conf_folder() -> Path:
    """The packaged `rmexp/conf` of an installed wheel, else `conf/` of the checkout.

    An editable install has no packaged folder: hatchling's force-include does not reach it.
    """
    package = Path(rmexp.__file__).resolve().parent
    for folder in (package / "conf", package.parent.parent / "conf"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"expected the configuration tree in {package / 'conf'}, found none; install rmexp again")


def verbs() -> dict[str, str]:
    """Each verb with what it does in one phrase: the first comment line of `conf/<verb>.yaml`."""
    return {path.stem: _phrase(path) for path in sorted(conf_folder().glob("*.yaml"))}


def options_of(group: str) -> list[str]:
    """Names of the files of `conf/<group>/`, without those that only others include."""
    return sorted(path.stem for path in (conf_folder() / group).glob("*.yaml") if not path.stem.startswith("_"))


def _phrase(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        first = file.readline()
    return first.partition(":")[2].strip() if first.startswith("#") else ""
