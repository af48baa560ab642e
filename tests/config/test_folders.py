from pathlib import Path

from rmexp.config import folders
from rmexp.config.compose import compose
from rmexp.config.folders import cell_name, sweep_folder
from rmexp.config.identity.saved import run_config


def run_folder(verb, config):
    return folders.run_folder(verb, config, run_config(config))


def test_the_name_tells_what_ran():
    config = compose("train", ["task=dpo"])
    assert run_folder("train", config) == Path("runs/train", f"dpo-json_vs_text-tiny-{run_config(config).fingerprint}")
    config = compose("score", ["scorer.path=x"])
    assert run_folder("score", config) == Path("runs/score", f"explicit-json_vs_text-{run_config(config).fingerprint}")


def test_candidates_from_a_file_name_the_folder_and_the_one_of_before_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = compose("best-of-n", ["scorer=baseline", "scorer.kind=longer", "candidates.path=in/POOL.jsonl"])
    digits = run_config(config).fingerprint
    assert run_folder("best-of-n", config) == Path("runs/best-of-n", f"longer-POOL-{digits}")
    former = Path("runs/best-of-n", f"longer-json_vs_text-{digits}")
    former.mkdir(parents=True)
    assert run_folder("best-of-n", config) == former


def test_another_configuration_goes_elsewhere():
    assert run_folder("train", compose("train", [])) == run_folder("train", compose("train", ["sweep_dir=x"]))
    assert run_folder("train", compose("train", [])) != run_folder("train", compose("train", ["seed=1"]))


def test_what_the_user_says_counts():
    assert run_folder("train", compose("train", ["run_dir=there"])) == Path("there")
    assert run_folder("train", compose("train", ["run_dir=0.5"])) == Path("0.5")
    assert sweep_folder("train", compose("train", ["sweep_dir=2024"]).sweep_dir, [], ["seed"]) == Path("2024")


def test_a_cell_is_named_by_its_swept_overrides_in_one_order():
    overrides = ["task=reward", "seed=1", "optimizer.lr=0.1", "sweep_dir=sweeps/a"]
    assert cell_name(overrides, ["seed", "optimizer.lr"]) == "optimizer.lr=0.1,seed=1"
    assert cell_name(overrides[::-1], ["optimizer.lr", "seed"]) == "optimizer.lr=0.1,seed=1"
    assert cell_name(["+data@tests.a=b"], ["data@tests.a"]) == "data@tests.a=b"
    assert cell_name(overrides, []) == "default"


def test_cells_whose_names_must_be_mended_stay_apart():
    names = {cell_name([f"data.path={path}"], ["data.path"]) for path in ("a/b", "a_b", "x/" * 300)}
    assert len(names) == 3
    assert all(len(name) < 200 and "/" not in name for name in names)


def test_a_sweep_has_one_folder_whatever_values_it_goes_through():
    assert sweep_folder("train", "there", ["a=1"], ["seed"]) == Path("there")
    folder = sweep_folder("train", None, ["task=dpo", "seed=1"], ["optimizer.lr"])
    assert folder.name.startswith("train,optimizer.lr-")
    assert folder == sweep_folder("train", None, ["seed=1", "task=dpo"], ["optimizer.lr"])
    assert folder != sweep_folder("train", None, ["seed=2", "task=dpo"], ["optimizer.lr"])
