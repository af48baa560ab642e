import inspect
import sys

import pytest

from rmexp.config.parameters import definitions
from rmexp.config.parameters.signatures import _signature, signature_of

SOURCE = """
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple
from elsewhere import Far

Count = int | None

def plain(a, /, b: int, *rest, c: str = "x", d: float = None): ...

def open_ended(a: Count, **others): ...

class Point(NamedTuple):
    x: int
    y: int = 0

@dataclass(frozen=True)
class Base:
    name: str
    kind: ClassVar[str] = "base"
    made: list[int] = field(init=False)
    parts: list[int] = field(default_factory=list)
    whole: list[int] = field(repr=False)

@dataclass
class Child(Base):
    size: int = 3

class Empty: ...

class Own(Far):
    def __init__(self, rate: float): ...

class Foreign(Far): ...

class Local(Own): ...

try:
    import fast
except ImportError:
    pass
else:
    def conditional(a): ...
"""


@pytest.fixture
def of(tmp_path, monkeypatch):
    package = tmp_path / "rmexp_probe"
    package.mkdir()
    (package / "__init__.py").write_text("from .thing import plain\nraise RuntimeError('imported')\n")
    (package / "thing.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("rmexp.config.parameters.signatures.ALLOWED", ("rmexp_probe.",))
    _signature.cache_clear()
    yield lambda name: signature_of(f"rmexp_probe.{name}")
    _signature.cache_clear()
    definitions._body.cache_clear()


@pytest.mark.parametrize(
    ("name", "required", "optional", "takes_any"),
    [
        ("plain", ["b"], ["c", "d"], False),
        ("open_ended", ["a"], [], True),
        ("Point", ["x"], ["y"], False),
        ("Base", ["name", "whole"], ["parts"], False),
        ("Child", ["name", "whole"], ["parts", "size"], False),
        ("Empty", [], [], False),
        ("Own", ["rate"], [], False),
        ("Foreign", [], [], True),
        ("Local", ["rate"], [], False),
        ("conditional", ["a"], [], False),
    ],
)
def test_parameters_read_from_the_source(of, name, required, optional, takes_any):
    signature = of(f"thing.{name}")
    found = {flag: [key for key, p in signature.parameters.items() if p.required is flag] for flag in (True, False)}
    assert (found[True], found[False], signature.takes_any) == (required, optional, takes_any)


def test_nothing_is_imported(of):
    of("thing.plain")
    assert "rmexp_probe" not in sys.modules


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("thing.plian", "defines no `plian`; did you mean `plain`"),
        ("plain", "did you mean `rmexp_probe.thing.plain`"),
        ("nothing.plain", "no function or class"),
        ("thing.Base.name", "no function or class"),
        ("thing", "no function or class"),
    ],
)
def test_what_does_not_exist_is_said_with_the_nearest_name(of, name, message):
    with pytest.raises(ValueError, match=message):
        of(name)


def test_strategies_are_found_where_lightning_documents_them():
    documented, defined = (f"lightning.pytorch.strategies.{place}DDPStrategy" for place in ("", "ddp."))
    assert signature_of(documented).parameters.keys() == signature_of(defined).parameters.keys()


@pytest.mark.parametrize("target", ["os.system", "torch.load", "builtins.eval", "rmexpx.y", "rmexp", 3, None])
def test_targets_off_the_allowlist(target):
    with pytest.raises(ValueError, match="no allowed target"):
        signature_of(target)


def test_what_an_allowed_module_imports_is_out_of_reach():
    with pytest.raises(ValueError, match="does not exist"):
        signature_of("rmexp.durable.os.replace")
    with pytest.raises(ValueError, match=r"did you mean `pathlib\.Path`"):
        signature_of("rmexp.durable.Path")


def test_agrees_with_the_interpreter_on_a_real_optimizer():
    from torch.optim.adamw import AdamW

    expected = [name for name in inspect.signature(AdamW.__init__).parameters if name != "self"]
    assert list(signature_of("torch.optim.adamw.AdamW").parameters) == expected
