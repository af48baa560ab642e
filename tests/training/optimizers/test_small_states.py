import sys

import pytest

from rmexp.training.optimizers import small_states


@pytest.mark.parametrize(("name", "package"), [("adamw_8bit", "torchao"), ("adamw_paged", "bitsandbytes")])
def test_a_package_that_is_missing_is_named_with_what_installs_it(monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, f"{package}.optim", None)
    with pytest.raises(ValueError, match=rf"needs the package {package} \(pip install 'rmexp\[{name}\]'"):
        getattr(small_states, name)([], lr=0.1, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.0)
