"""Runs the notebooks of this folder and writes what they print into them: `python examples/notebooks.py`.

Each runs in a folder of its own, as in a fresh kernel. There is nothing in them that plain Python cannot run.
"""

import ast
import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def run_cell(source: str, names: dict[str, Any]) -> str:
    """What a cell prints, and the value of its last line.

    Args:
        source: of the cell.
        names: of the notebook, which the cell may change.
    """
    tree, printed = ast.parse(source), io.StringIO()
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
            if value is not None:
                print(repr(value))
    return printed.getvalue()


def run_notebook(path: Path, place: Path) -> dict[str, Any]:
    """A notebook with what its cells print today.

    Args:
        path: of the notebook.
        place: folder to run it in.

    Raises:
        Exception: whatever a cell raises.
    """
    notebook = json.loads(path.read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    count = 0
    with contextlib.chdir(place):
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                count += 1
                text = run_cell("".join(cell["source"]), names)
                output = {"name": "stdout", "output_type": "stream", "text": text.splitlines(keepends=True)}
                cell |= {"execution_count": count, "outputs": [output] if text else []}
    return notebook


if __name__ == "__main__":
    os.environ.setdefault("WANDB_MODE", "disabled")
    for name in sys.argv[1:] or sorted(path.name for path in FOLDER.glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as place:
            made = run_notebook(FOLDER / name, Path(place))
        (FOLDER / name).write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
