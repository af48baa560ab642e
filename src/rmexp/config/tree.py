"""The folder of YAML files: where it is, which verbs it has, which options a group has."""

import re
from functools import cache
from pathlib import Path

import rmexp
from rmexp.plugins.named import plugins


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


def conf_folders() -> list[Path]:
    """That folder, and those of plug-ins behind it, as options are searched."""
    return [conf_folder(), *(plugin.conf for plugin in plugins() if plugin.conf is not None)]


def verbs() -> dict[str, str]:
    """Each verb with what it does in one phrase: the first comment line of `conf/<verb>.yaml`."""
    return {path.stem: _phrase(path) for path in sorted(conf_folder().glob("*.yaml"))}


def options_of(group: str) -> list[str]:
    """Names of the files of `conf/<group>/`, without those that only others include."""
    found = {path.stem for folder in conf_folders() for path in (folder / group).glob("*.yaml")}
    return sorted(option for option in found if not option.startswith("_"))


def hidden_options(group: str, option: str, folder: str | None) -> list[Path]:
    """Files that are never read, for an option that is searched first has their name; copies of that are none.

    Args:
        group: such as `data`.
        option: of it.
        folder: searched behind the tree and plug-ins; None for none.
    """
    folders = [*conf_folders(), *([] if folder is None else [Path(folder)])]
    files = [file for place in folders if (file := place / group / f"{option}.yaml").is_file()]
    return [file for file in files[1:] if file.read_bytes() != files[0].read_bytes()]


def options_with(group: str, key: str) -> list[str]:
    """Options of a group whose file has a key at its top; where some of them need a value for it, those alone.

    Args:
        group: such as `data`.
        key: such as `path`, or `- format` for a choice that the option makes itself.
    """
    pattern = re.compile(rf"^(?:  )?{re.escape(key)}: *(.*)$", re.MULTILINE)
    found = {option: values for option in options_of(group) if (values := pattern.findall(_text(group, option)))}
    return [option for option, values in found.items() if values[-1].startswith("???")] or list(found)


def _text(group: str, option: str) -> str:
    """The YAML text of an option, after that of the files which it only includes."""
    files = (folder / group / f"{option}.yaml" for folder in conf_folders())
    text = next(file for file in files if file.is_file()).read_text(encoding="utf-8")
    return "".join(_text(group, name) for name in re.findall(r"^  - (_(?!self_$)\w+)$", text, re.MULTILINE)) + text


def _phrase(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        first = file.readline()
    return first.partition(":")[2].strip() if first.startswith("#") else ""
