"""README and pages are true: their commands compose, what they link to exists, the made pages leave nothing out."""

import ast
import importlib.util
import re
import shlex
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import yaml
from omegaconf import OmegaConf

import rmexp
from rmexp.config.compose import compose, compose_unchecked, with_implied_choices
from rmexp.config.help.docstrings import docstring_of
from rmexp.config.help.key_help import asked_for, verb_help
from rmexp.config.help.short_forms import spelled_out
from rmexp.config.help.yaml_keys import keys_of
from rmexp.config.multirun import is_multirun, read_multirun
from rmexp.config.overrides import key_paths
from rmexp.config.tree import verbs
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.runs.summaries.train import LastValidation, TrainSummary
from rmexp.statistics.shares import SHARE_METHOD, clustered_share, share
from rmexp.tracking.logged_figures import PPO_FIGURES, STAGE_FIGURES

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [block for text in TEXTS.values() for language, block in FENCED.findall(text) if not language]
COMMANDS = sorted(
    {command for block in BLOCKS for command in re.findall(r"^rmexp (?!help)(\w.+)$", block, re.MULTILINE)}
)
HELP = sorted({command for block in BLOCKS for command in re.findall(r"^rmexp help (\w.+)$", block, re.MULTILINE)})


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_compose(command):
    verb, *words = shlex.split(command)
    overrides = with_implied_choices(verb, spelled_out(verb, words))
    if overrides[0] == "-m" or is_multirun(verb, overrides):
        assert read_multirun(verb, [text for text in overrides if text != "-m"]).cells
    else:
        assert compose(verb, overrides) is not None


@pytest.mark.parametrize("command", HELP)
def test_help_is_there(command):
    verb, *words = command.split()
    assert asked_for(verb, words)


def test_every_verb_is_shown():
    assert {command.split()[0] for command in COMMANDS} == set(verbs())


def test_pictures_are_those_that_the_script_makes():
    script = (ROOT / "docs" / "pictures.py").read_text()
    made = {f"{name}.png" for name in re.findall(r'^    \("(\w+)", "runs/[^"]+html"', script, re.MULTILINE)}
    assert made == {path.name for path in (ROOT / "docs" / "pictures").iterdir()}
    assert made == set(re.findall(r"pictures/([\w-]+\.png)", "".join(TEXTS.values())))


def test_readme_can_be_read_in_two_minutes():
    assert len(TEXTS["README.md"].split()) <= 900


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"make ([a-z-]+)", "".join(TEXTS.values())))
    for target in named & {"demo", "test", "setup", "docs", "lint"}:
        assert f"\n{target}: " in makefile
    assert "make test" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("page", TEXTS)
def test_linked_files_exist(page):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", TEXTS[page])
    folder = (ROOT / page).parent
    assert not [link for link in links if not (folder / link).exists()]


@pytest.fixture(scope="module")
def staged():
    specification = importlib.util.spec_from_file_location("stage", ROOT / "docs" / "stage.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def told_sentences():
    """Every text in the source that a sentence may be made of; an ellipsis stands for what is put in."""
    for path in (ROOT / "src" / "rmexp").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
                yield " ".join("".join(parts).split())
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield " ".join(node.value.split())


def test_every_sentence_of_troubleshooting_is_told_somewhere():
    rows = re.findall(r"^\| `(.+?)` \| .+ \| .+ \|$", TEXTS["docs/troubleshooting.md"], re.MULTILINE)
    told = set(told_sentences())
    assert len(rows) > 40
    assert not [row for row in rows if not any(_is_of(row, sentence) for sentence in told)]


def _is_of(row, sentence):
    """Whether the parts of a row stand in a sentence one after the other."""
    place = 0
    for part in filter(None, (part.strip() for part in row.split("…"))):
        if (found := sentence.find(part, place)) < 0:
            return False
        place = found + len(part)
    return True


def test_keys_beside_those_of_others_exist():
    rows = re.findall(r"^\| .+? \| (.+) \|$", TEXTS["docs/migrating.md"], re.MULTILINE)
    named = {word.partition("=")[0] for row in rows for code in re.findall(r"`(.+?)`", row) for word in code.split()}
    choices = (["data=jsonl", "model=hub"], ["data=mixture"], ["task=dpo"], ["task=ppo"])
    configurations = [compose_unchecked("train", choice) for choice in choices]
    configurations += [compose_unchecked("evaluate", [f"scorer={option}"]) for option in ("hub", "implicit")]
    known = {key for each in configurations for key in key_paths(OmegaConf.to_container(each.config, resolve=False))}
    known |= {choice for each in configurations for choice in each.choices}
    assert not {name for name in named if "." in name and "/" not in name} - known
    assert {name for name in named if name in known} >= {
        "optimizer.lr",
        "run_dir",
        "loss",
        "scorer.reference",
        "splits",
    }


def test_every_page_is_in_the_navigation():
    pages = {name for entry in yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"] for name in entry.values()}
    assert pages == {page.name for page in PAGES[1:]} | {"configuration.md", "files.md", "metrics.md", "reference.md"}


def test_the_configuration_reference_has_every_option_and_key(staged):
    page = staged.configuration_page()
    for path in (ROOT / "conf").rglob("*.yaml"):
        assert f"### {path.stem}\n" in page
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        plain = {key for key, value in content.items() if not isinstance(value, (dict, list)) and key[0] != "_"}
        assert plain <= {key.path for key in keys_of(path)}


def test_the_page_of_metrics_has_every_column_and_key(staged):
    page = staged.metrics_page()
    for figure in (*STAGE_FIGURES, *PPO_FIGURES):
        assert f"| `{figure.name}` | {figure.meaning} |" in page
    for kind in (TrainSummary, LastValidation, HeldOutRow):
        for field in fields(kind):
            assert re.search(rf"^\| `{field.name}` \| \S", page, re.MULTILINE), field.name


def test_the_help_of_a_verb_that_logs_has_the_figures_of_its_task():
    assert "rollout/kl " not in verb_help("train", ["task=dpo"])
    for task, figures in (("dpo", STAGE_FIGURES), ("ppo", PPO_FIGURES)):
        told = " ".join(verb_help("train", [f"task={task}"]).split())
        assert all(f"{figure.name} {figure.meaning}" in told for figure in figures)
    assert "metrics.csv" not in verb_help("score")


def test_the_reference_has_every_name_with_a_docstring(staged):
    page = staged.reference_page()
    for name in set(rmexp.__all__) - {"__version__"}:
        assert f".{name}\n" in page
        assert docstring_of(re.search(rf"^::: (.+\.{name})$", page, re.MULTILINE)[1])


def test_the_map_of_files_has_every_file(staged):
    page = staged.files_page()
    for path in (ROOT / "src" / "rmexp").rglob("*.py"):
        if not path.name.startswith("__"):
            assert f"| `{path.name}` | " in page


def test_the_interval_of_a_share_is_called_what_it_is():
    """100 of 100 has the ends of Clopper and Pearson, 50 of 100 Wilson's: the words name both, pages as the tables."""
    assert f"| {SHARE_METHOD} (" in TEXTS["docs/judge.md"]
    assert clustered_share(np.ones(100), np.arange(100)).low == pytest.approx(0.025 ** (1 / 100))  # the exact end
    assert all(name in SHARE_METHOD for name in ("Wilson's", "Clopper and Pearson's where few"))


def test_few_is_of_the_rarer_side_right_or_wrong():
    assert share(2, 100).few
    assert share(98, 100).few
    assert not share(50, 100).few
    assert "fewer than ten prompts are right, or wrong" in TEXTS["README.md"]
    assert "on the rarer side: right ones or wrong ones" in TEXTS["docs/judge.md"]
