"""Imports point one way: see CONTRIBUTING.md."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import rmexp

LAYERS = (
    ("records", "preference_data", "checked_fields", "batches", "jsonl", "durable"),
    ("sources", "losses", "metrics", "statistics"),
    ("data", "models"),
    ("scoring", "training"),
    ("selection", "inspection", "analysis", "evaluation", "reports"),
    ("config",),
    ("run",),
    ("cli", "__main__"),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
SOURCE = Path(rmexp.__file__).parent
HYDRA, MODELS = {"hydra", "omegaconf"}, {"torch", "transformers", "lightning"}
KNOW_HYDRA, KNOW_NO_MODEL = {"config", "run", "cli"}, {"analysis", "evaluation", "reports"}
NO_MODEL_PARTS = {"models", "training", "scoring", "selection", "inspection"}


def imports(path: str, code: str) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that a file imports, inside functions too."""
    package = ["rmexp", *Path(path).parts[:-1]]
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def problems(path: str, code: str) -> Iterator[str]:
    """Each import of a file under src/rmexp that breaks a rule, as a sentence."""
    part = Path(path).parts[0].removesuffix(".py")
    if part == "__init__":
        return
    if part not in RANK:
        yield f"{path}: `{part}` has no layer; give it one in tests/test_layers.py and CONTRIBUTING.md"
        return
    for line, name in imports(path, code):
        top, _, rest = name.partition(".")
        at = f"{path}:{line} imports {name}"
        if top in HYDRA and part not in KNOW_HYDRA:
            yield f"{at}, but only config/, run/ and cli.py know Hydra"
        if part in KNOW_NO_MODEL and (top in MODELS or (top == "rmexp" and rest.split(".")[0] in NO_MODEL_PARTS)):
            yield f"{at}, but analysis/, evaluation/ and reports/ never import a model"
        target = rest.split(".")[0]
        if top == "rmexp" and RANK.get(target, 0) > RANK[part]:
            lower, upper = ", ".join(LAYERS[RANK[part]]), ", ".join(LAYERS[RANK[target]])
            yield f"{at}, but layer `{lower}` lies below `{upper}`, and imports point down only"


@pytest.mark.parametrize("path", sorted(str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py")))
def test_imports_point_down(path):
    found = list(problems(path, (SOURCE / path).read_text(encoding="utf-8")))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "code", "problem"),
    [
        (
            "losses/dpo.py",
            "from rmexp.models.tiny import tiny",
            "losses/dpo.py:1 imports rmexp.models.tiny.tiny, but layer",
        ),
        ("durable.py", "import json\nimport rmexp.sources", "durable.py:2 imports rmexp.sources, but layer"),
        ("data/pack.py", "from ..training import loader", "data/pack.py:1 imports rmexp.training.loader, but layer"),
        ("models/hub.py", "def f():\n    from rmexp import cli", "models/hub.py:2 imports rmexp.cli, but layer"),
        (
            "analysis/x.py",
            "import torch.nn",
            "analysis/x.py:1 imports torch.nn, but analysis/, evaluation/ and reports/ never",
        ),
        ("reports/x.py", "from lightning import Trainer", "never import a model"),
        ("reports/x.py", "from rmexp.models.folder import load_reward_model", "never import a model"),
        ("training/x.py", "from omegaconf import DictConfig", "but only config/, run/ and cli.py know Hydra"),
        ("__main__.py", "import hydra", "but only config/, run/ and cli.py know Hydra"),
        ("utils.py", "", "`utils` has no layer"),
    ],
)
def test_a_broken_rule_is_told_with_file_line_and_rule(path, code, problem):
    (found,) = problems(path, code)
    assert problem in found


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("models/hub.py", "from rmexp.data.encode import Encoder\nimport torch"),
        ("run/train.py", "import hydra\nfrom rmexp.config import compose\nfrom rmexp.analysis import accuracy"),
        ("analysis/x.py", "from rmexp.metrics.pair_credit import pair_credit\nimport numpy"),
        ("__init__.py", "import anything"),
    ],
)
def test_what_the_rules_allow(path, code):
    assert list(problems(path, code)) == []


def test_the_rule_is_the_one_in_contributing():
    guide = SOURCE.parents[1] / "CONTRIBUTING.md"
    if not guide.is_file():
        pytest.skip("the installed package has no CONTRIBUTING.md")
    text = " ".join(guide.read_text(encoding="utf-8").split())
    rule = text.partition("Imports point one way: ")[2].partition(";")[0]
    written = [[name.strip() for name in layer.strip(" `").split(",")] for layer in rule.split("<")]
    hidden = {"durable", "__main__"}
    assert [set(layer) - hidden for layer in LAYERS] == [set(layer) - hidden for layer in written]
