import pytest

from rmexp.config.multirun import Multirun
from rmexp.sweeps.bound_folder import bind_folder, read_sweep


def test_a_folder_takes_one_sweep_with_any_values_of_its_keys(tmp_path):
    def sweep(*fixed, swept=("seed",)):
        return Multirun(folder=tmp_path / "sweep", fixed=list(fixed), swept=list(swept), cells=[], hydra=[], named=True)

    assert read_sweep(tmp_path / "sweep").verb == ""
    bind_folder("train", sweep("task=dpo"))
    bind_folder("train", sweep("task=dpo", "trainer.keep=last", "trainer.compiled=false"))  # as was always done
    assert read_sweep(tmp_path / "sweep").fixed == ("task=dpo",)
    for verb, other in (("compare", sweep("task=dpo")), ("train", sweep()), ("train", sweep("task=dpo", swept=["lr"]))):
        with pytest.raises(ValueError, match=r"holds another sweep \(train task=dpo seed=...\), this one is "):
            bind_folder(verb, other)
