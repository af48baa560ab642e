"""Puts the pages of the documentation together: `python docs/stage.py build/docs`.

The written pages are taken as they are, the experiments with their tables and pictures beside them. Four pages are
made of the tree itself: the configuration reference of `conf/`, the map of files of the first lines of their
docstrings, the metrics of where they are defined, and the Python reference of the names of `import rmexp`.
"""

import ast
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import rmexp
from rmexp.config.help.docstrings import docstring_of, first_sentence, told_of
from rmexp.config.help.sources import phrase_of
from rmexp.config.help.yaml_keys import Key, first_comment, keys_of
from rmexp.tracking.logged_figures import PPO_FIGURES, STAGE_FIGURES

ROOT = Path(__file__).parent.parent
SUMMARIES = (  # title, module and class of what summary.json holds
    ("summary.json of a run of training", "runs.summaries.train", "TrainSummary"),
    ("`train`: while it learnt", "runs.summaries.train", "LastEpoch"),
    ("`val`: the validation of the kept weights", "runs.summaries.train", "LastValidation"),
    ("`kept`: which weights the model has", "runs.summaries.train", "KeptWeights"),
    ("`evaluation`: a row each of pairs that were not learnt from", "runs.summaries.held_out", "HeldOutRow"),
    ("task=ppo besides", "runs.summaries.policy", "PolicyFigures"),
    ("`samples` before and after", "runs.summaries.policy", "SampledMeans"),
)
SHOWN = {".md", ".svg", ".png"}  # of the folders that pages link to
TARGET = re.compile(r"^_target_: (\S+)$", re.MULTILINE)
GITHUB_ONLY = re.compile(r"\[([^\]]+)\]\((?!https?:)[^)]*(?:\.(?:sh|py|json|yaml|toml)|/)\)")  # files that are no pages


def configuration_page() -> str:
    """Every group of `conf/` with its options and their keys."""
    lines = ["# Configuration reference", "", "Made from the files in `conf/`. `???` is a key that has to be given."]
    for title, paths in _groups():
        lines += ["", f"## {title}"]
        for path in paths:
            phrase = first_comment(path) if title == "Verbs" else phrase_of(title, path.stem)
            lines += ["", f"### {path.stem}", "", phrase]
            if keys := keys_of(path):
                lines += ["", "| key | default | meaning |", "|---|---|---|"]
                lines += [f"| `{key.path}` | {_code(key.default)} | {_cell(meaning_of(key, path))} |" for key in keys]
    return "\n".join(lines) + "\n"


def files_page() -> str:
    """Every package with the first line of each file's docstring."""
    lines = ["# Map of files", "", "Made from the first line of each file's docstring."]
    source = ROOT / "src" / "rmexp"
    for folder in (source, *sorted(path for path in source.rglob("*") if (path / "__init__.py").is_file())):
        files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("__"))
        if files:
            lines += ["", f"## {folder.relative_to(source.parent).as_posix()}/", ""]
            lines += [_first_line(folder / "__init__.py") or "", "", "| file | what it is |", "|---|---|"]
            lines += [f"| `{path.name}` | {_cell(_first_line(path))} |" for path in files]
    return "\n".join(lines) + "\n"


def metrics_page() -> str:
    """Every figure that is logged, and those of a finished run."""
    lines = [
        "# Metrics",
        "",
        "Made from the definitions in the code. Trackers have the same figures by the same names.",
    ]
    logged = (("sft, reward and dpo", STAGE_FIGURES), ("ppo", PPO_FIGURES))
    for tasks, figures in logged:
        lines += ["", f"## metrics.csv of {tasks}", "", "| column | meaning |", "|---|---|"]
        lines += [f"| `{figure.name}` | {_cell(figure.meaning)} |" for figure in figures]
    for title, module, kind in SUMMARIES:
        lines += ["", f"## {title}", "", "| key | meaning |", "|---|---|"]
        lines += [
            f"| `{name}` | {_cell(meaning)} |"
            for name, meaning in told_of(docstring_of(f"rmexp.{module}.{kind}")).items()
        ]
    return "\n".join(lines) + "\n"


def reference_page() -> str:
    """Every name of `import rmexp`; mkdocstrings writes what its docstring says."""
    lines = ["# Python reference", "", "What `import rmexp` gives, in the order of the alphabet.", ""]
    for name in sorted(set(rmexp.__all__) - {"__version__"}):
        lines += [f"::: {getattr(rmexp, name).__module__}.{name}", ""]
    return "\n".join(lines)


def meaning_of(key: Key, path: Path) -> str:
    """What a file remarks of a key, else what the docstring of the file's target says."""
    target = TARGET.search(path.read_text(encoding="utf-8"))
    if key.remark or target is None or not target[1].startswith("rmexp."):
        return key.remark
    return first_sentence(told_of(docstring_of(target[1])).get(key.path, ""))


def stage(target: Path) -> None:
    """Fill a folder with all pages; what was in it is deleted."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for page in (ROOT / "docs").glob("*.md"):
        text = page.read_text(encoding="utf-8").replace("](../", "](")
        (target / page.name).write_text(GITHUB_ONLY.sub(r"\1", text), encoding="utf-8")
    for pattern in ("*.svg", "*.css", "pictures/*.png"):
        for path in (ROOT / "docs").glob(pattern):
            _copy(path, target / path.relative_to(ROOT / "docs"))
    for folder in ("experiments", "benchmarks/results"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in SHOWN:
                _copy(path, target / path.relative_to(ROOT))
    (target / "configuration.md").write_text(configuration_page(), encoding="utf-8")
    (target / "files.md").write_text(files_page(), encoding="utf-8")
    (target / "metrics.md").write_text(metrics_page(), encoding="utf-8")
    (target / "reference.md").write_text(reference_page(), encoding="utf-8")


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".md":
        target.write_text(GITHUB_ONLY.sub(r"\1", path.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        shutil.copyfile(path, target)


def _groups() -> Iterator[tuple[str, list[Path]]]:
    conf = ROOT / "conf"
    yield "Verbs", sorted(conf.glob("*.yaml"))
    for folder in sorted(path for path in conf.rglob("*") if path.is_dir()):
        if files := sorted(folder.glob("*.yaml")):
            yield folder.relative_to(conf).as_posix(), files


def _first_line(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def _code(value: str) -> str:
    return f"`{_cell(value)}`" if value else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    stage(Path(sys.argv[1]))
