import pytest

from rmexp.plugins.imports import check_imports

PATH = 'import sys\nsys.path.insert(0, "elsewhere")\nimport no_such_package\n'
TRIED = "try:\n    import no_such_package\nexcept ImportError:\n    pass\n"
LATER = "from . import beside\nfrom pathlib import Path\n\ndef loss():\n    import no_such_package\n"


def test_a_package_that_is_not_there_is_told_with_its_line(tmp_path):
    module = tmp_path / "lab.py"
    module.write_text("import json\nfrom no_such_package.parts import part\n")
    with pytest.raises(ValueError, match=r"lab\.py:2: imports `no_such_package`"):
        check_imports(module)


@pytest.mark.parametrize("text", [PATH, TRIED, LATER])
def test_what_may_be_found_later_is_no_mistake(text, tmp_path):
    module = tmp_path / "lab.py"
    module.write_text(text)
    check_imports(module)
