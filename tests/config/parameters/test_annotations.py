import ast

import pytest

from rmexp.config.parameters.annotations import fits


def accepts(annotation: str, value: object, **aliases: str) -> bool:
    parse = {name: ast.parse(text, mode="eval").body for name, text in aliases.items()}
    return fits(value, ast.parse(annotation, mode="eval").body, parse)


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        ("int", [1, -3], [1.5, "1", True, None, [1]]),
        ("float", [1, 1.5], ["two", True, None]),
        ("bool", [True, False], [1, "true", None]),
        ("str", ["a", ""], [1, None, True, ["a"]]),
        ("int | None", [1, None], ["two", 1.5]),
        ("Optional[float]", [1, None], ["two"]),
        ("typing.Union[int, str]", [1, "a"], [None, 1.5]),
        ("'int | None'", [1, None], ["two"]),
        ("list[int]", [[], [1, 2]], [1, ["a"], [1, None]]),
        ("Sequence[str]", [["a"]], ["a", [1]]),
        ("tuple[float, float]", [[0.9, 0.999]], [[0.9], [0.9, 0.9, 0.9], ["a", 1]]),
        ("tuple[int, ...]", [[], [1, 2, 3]], [["a"], 1]),
        ("Mapping[str, float]", [{}, {"a": 1}], [{"a": "b"}, [1]]),
        ("Literal['a', 'b'] | None", ["a", None], ["c", 1]),
        ("Literal[1]", [1], [True, "1"]),
        ("float | Tensor", [0.1], ["two"]),
        ("Path", ["a/b"], [1]),
        ("Annotated[int, 'at least 1']", [1, 10**9], [0, -1, 1.5, "1", True]),
        ("Annotated[float, 'in [0, 1)'] | None", [0, 0.5, None], [1, -0.1, float("nan")]),
        ("Annotated[float, 'in (0, 1]']", [0.5, 1], [0, 1.1]),
        ("Annotated[float, '> 0']", [1e-9], [0, -1, float("inf"), float("-inf"), float("nan")]),
        ("Annotated[float, '> 0 or inf'] | None", [1e-9, float("inf"), None], [0, float("-inf"), float("nan")]),
        ("tuple[Annotated[float, 'at most 0'], float]", [[-1, 3]], [[1, 3]]),
        ("Annotated[int, 'told by others']", [-1], ["a"]),
        ("float | None", [1.5, float("inf"), float("-inf")], [float("nan")]),
        ("Annotated[float, 'finite']", [1.5], [float("nan"), float("inf")]),
        ("Literal[-1] | Annotated[int, 'at least 1']", [-1, 1], [0, -2]),
    ],
)
def test_simple_annotations(annotation, good, bad):
    assert [value for value in good if not accepts(annotation, value)] == []
    assert [value for value in bad if accepts(annotation, value)] == []


@pytest.mark.parametrize("annotation", ["Any", "Callable[[int], int]", "torch.dtype", "Annotated[Any, 3]", "int | Any"])
def test_what_is_not_simple_accepts_everything(annotation):
    assert accepts(annotation, "anything")


def test_an_alias_of_the_module_is_followed_even_when_it_names_itself():
    assert accepts("Mode", "fast", Mode="Literal['fast', 'slow']")
    assert not accepts("Mode", "slwo", Mode="Literal['fast', 'slow']")
    assert accepts("Tree", [], Tree="int | list[Tree]")
