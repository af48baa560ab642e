"""The YAML files that a configuration was composed of, and what they say of a key."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rmexp.config.help.docstrings import docstring_of, first_sentence
from rmexp.config.help.yaml_keys import Key, first_comment, included_in, is_global, keys_of
from rmexp.config.tree import conf_folder, conf_folders


@dataclass(frozen=True)
class Source:
    """A YAML file and where its keys stand.

    Attributes:
        file: the file.
        package: dotted path of the node that its keys stand in; empty for the top.
        choice: that brought it, such as `data` or `loss@sft.loss`; empty for the file of the verb.
    """

    file: Path
    package: str
    choice: str

    def key(self, path: str) -> Key | None:
        """What the file has at a path of the whole configuration."""
        if not self.holds(path):
            return None
        own = path.removeprefix(f"{self.package}.") if self.package else path
        return next((key for key in keys_of(self.file) if key.path == own), None)

    def holds(self, path: str) -> bool:
        """Whether a path lies in the node of the file's keys."""
        return not self.package or path.startswith(f"{self.package}.")


def sources(verb: str, choices: Mapping[str, str | None], folder: str | None = None) -> list[Source]:
    """Files of a configuration, those that win over others first.

    Args:
        verb: name of the primary configuration.
        choices: the option chosen for each group.
        folder: searched for options that the tree does not have.
    """
    changing: list[Source] = []
    others: list[Source] = []
    for choice, option in choices.items():
        group, _, package = choice.partition("@")
        if option is None or (file := file_of(group, option, folder)) is None:
            continue
        at_top = is_global(file)  # such a file is composed after the groups and changes their keys
        place = package or ("" if at_top else group.replace("/", "."))
        found = [Source(each, place, choice) for each in _with_included(group, option, folder)]
        (changing if at_top else others).extend(found)
    others.sort(key=lambda source: -source.package.count("."))
    return [*changing, *others, Source(conf_folder() / f"{verb}.yaml", "", "")]


def remark(files: Sequence[Source], path: str) -> str:
    """What the files remark of a key; empty for nothing."""
    keys = (source.key(path) for source in files)
    return next((key.remark for key in keys if key is not None and key.remark), "")


def remark_around(files: Sequence[Source], path: str) -> str:
    """What the files remark of the nearest node around a key; empty for nothing."""
    while path := path.rpartition(".")[0]:
        if found := remark(files, path):
            return found
    return ""


def places(files: Sequence[Source], path: str) -> list[str]:
    """Files and lines that set a key, the one that counts first."""
    found = []
    for source in files:
        if (key := source.key(path)) is not None and key.default:
            base = next((folder for folder in conf_folders() if folder in source.file.parents), None)
            found.append(f"{source.file.relative_to(base.parent) if base else source.file}:{key.line}")
    return found


def choice_of(files: Sequence[Source], path: str) -> str:
    """The choice that a key comes with: that of the innermost node, else of the file that sets it."""
    inside = [source for source in files if source.package and source.holds(path)]
    if inside:
        return max(inside, key=lambda source: source.package.count(".")).choice
    return next((source.choice for source in files if source.key(path) is not None), "")


def file_of(group: str, option: str, folder: str | None = None) -> Path | None:
    """The file of an option of a group; None where there is none."""
    folders = [*conf_folders(), *([Path(folder)] if folder else [])]
    files = (place / group / f"{option}.yaml" for place in folders)
    return next((file for file in files if file.is_file()), None)


def phrase_of(group: str, option: str, folder: str | None = None) -> str:
    """What an option is in one sentence: the first comment of its file, else what the docstring of its target says."""
    file = file_of(group, option, folder)
    if file is None:
        return ""
    targets = (
        line.partition(": ")[2] for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("_t")
    )
    return first_comment(file) or first_sentence(docstring_of(next(targets, "")).partition("\n\n")[0])


def _with_included(group: str, option: str, folder: str | None) -> Iterator[Path]:
    if (file := file_of(group, option, folder)) is not None:
        yield file
        for name in included_in(file):
            yield from _with_included(group, name, folder)
