import json

import pytest

from rmexp.runs import folder
from rmexp.runs.folder import FolderRefused, RunConfig, claim
from rmexp.runs.summaries.inspect import InspectSummary


def bound(text="lr: 1\n", seed=3):
    """A configuration that differs from every other text."""
    return RunConfig(text, seed, lambda old: [] if old == text else [f"{old.strip()} there, {text.strip()} here"])


def test_a_folder_says_what_it_is_bound_to_before_anything_is_done(tmp_path):
    with claim(tmp_path / "run", bound(), {"data": "abc"}):
        assert (tmp_path / "run" / "config.yaml").read_text() == "lr: 1\n"
        left = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert (left["seed"], left["inputs"], left["end"]) == (3, {"data": "abc"}, None)


def test_a_folder_of_another_configuration_is_refused(tmp_path):
    with claim(tmp_path, bound(), {}):
        (tmp_path / "curve.json").write_text("{}")
    with (
        pytest.raises(FolderRefused, match=r"lr: 1 there, lr: 2 here.*set another run_dir"),
        claim(tmp_path, bound("lr: 2\n"), {}),
    ):
        pass


def test_one_that_failed_before_it_did_anything_blocks_no_corrected_command(tmp_path):
    with pytest.raises(ZeroDivisionError), claim(tmp_path, bound(), {"data": "old"}):
        1 / 0  # noqa: B018
    with claim(tmp_path, bound("lr: 2\n"), {"data": "new"}):
        assert (tmp_path / "config.yaml").read_text() == "lr: 2\n"
        assert not (tmp_path / "failure.json").exists()
    assert [path.name for path in tmp_path.parent.glob(f"{tmp_path.name}*")] == [tmp_path.name]


def test_files_of_others_are_left_where_they_are(tmp_path):
    theirs = {"config.yaml": "my: own\n", "wandb/offline.wandb": "mine"}
    for name, text in theirs.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(FolderRefused, match="holds another configuration"), claim(tmp_path, bound(), {}):
        pass
    assert {str(p.relative_to(tmp_path)): p.read_text() for p in tmp_path.rglob("*") if p.is_file()} == theirs


def test_what_another_process_does_before_the_folder_is_held_counts(tmp_path, monkeypatch):
    with pytest.raises(ZeroDivisionError), claim(tmp_path, bound(), {}):
        1 / 0  # noqa: B018
    hold = folder._hold

    def held_late(path):
        (path / "curve.json").write_text("{}")
        return hold(path)

    monkeypatch.setattr(folder, "_hold", held_late)
    with pytest.raises(FolderRefused, match="holds another configuration"), claim(tmp_path, bound("lr: 2\n"), {}):
        pass
    monkeypatch.setattr(folder, "_hold", hold)
    with claim(tmp_path, bound(), {}):  # nothing holds it any more
        assert (tmp_path / "curve.json").exists()


def test_a_folder_in_use_is_refused(tmp_path):
    with (
        claim(tmp_path, bound(), {}),
        pytest.raises(FolderRefused, match="in use by another run"),
        claim(tmp_path, bound(), {}),
    ):
        pass


def test_a_folder_made_from_other_inputs_is_moved_aside_and_it_is_said_which(tmp_path, caplog):
    caplog.set_level("INFO")
    for inputs in ("old", "new", "newest"):
        model = {"reward.base": "a"} if inputs == "newest" else {"reward.base": None}
        with claim(tmp_path / "run", bound(), {"data": inputs, "reward": "b", **model}):
            pass
    run = tmp_path / "run"
    assert caplog.messages == [
        f"{run} was made from other inputs (data): moved to run-outdated-1",
        f"{run} was made from other inputs (data, reward.base): moved to run-outdated-2",
    ]
    found = {path.parent.name: json.loads(path.read_text())["inputs"] for path in tmp_path.glob("*/environment.json")}
    assert {name: inputs["data"] for name, inputs in found.items()} == {
        "run": "newest",
        "run-outdated-1": "old",
        "run-outdated-2": "new",
    }


def test_an_error_is_left_in_the_folder_until_a_run_finishes(tmp_path):
    with pytest.raises(ZeroDivisionError), claim(tmp_path, bound(), {}):
        1 / 0  # noqa: B018
    assert json.loads((tmp_path / "failure.json").read_text())["error"] == "ZeroDivisionError: division by zero"
    with claim(tmp_path, bound(), {}) as run:
        run.finish(InspectSummary("data", 6, {}, {}))
    assert not (tmp_path / "failure.json").exists()
    assert json.loads((tmp_path / "summary.json").read_text())["verb"] == "inspect"
    assert json.loads((tmp_path / "environment.json").read_text())["end"] is not None


@pytest.mark.parametrize("later", ["scorer.path.tokenizer", "scorer.path.base"])
def test_a_folder_of_a_version_that_noted_fewer_inputs_is_found(tmp_path, later):
    for inputs in ({"scorer.path": "a"}, {"scorer.path": "a", later: "b"}):
        with claim(tmp_path / "run", bound(), inputs):
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    for inputs in ({"scorer.path": "a", later: "b"}, {"scorer.path": "a", later: "c"}):
        with claim(tmp_path / "new", bound(), inputs):
            pass
    assert (tmp_path / "new-outdated-1").is_dir()


def test_a_folder_that_is_moved_aside_while_it_is_waited_for_is_not_the_one_held(tmp_path, monkeypatch):
    path, flock = tmp_path / "run", folder.fcntl.flock

    def moved_first(*given):
        monkeypatch.setattr(folder.fcntl, "flock", flock)
        path.rename(tmp_path / "run-outdated-1")
        flock(*given)

    monkeypatch.setattr(folder.fcntl, "flock", moved_first)
    with claim(path, bound(), {}), pytest.raises(FolderRefused, match="in use"), claim(path, bound(), {}):
        pass
