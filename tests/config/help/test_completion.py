import pytest

from rmexp.config.help.completion import completions, tell_completions
from rmexp.config.tree import options_of, verbs


def test_verbs_come_first():
    assert completions([], "") == [*verbs(), "help"]
    assert completions([], "tr") == ["track", "train"]
    assert completions(["help"], "ev") == ["evaluate"]


@pytest.mark.parametrize(
    ("words", "last", "found"),
    [
        (["train"], "trainer.ke", ["trainer.keep="]),
        (["train"], "optimizer.", [f"optimizer.{name}=" for name in ("betas", "eps", "fused", "lr", "weight_decay")]),
        (["train"], "opti", ["optimizer.", "optimizer="]),
        (["profile"], "loss", []),
        (["train", "task=dpo"], "loss.", ["loss.beta="]),
        (["train"], "trainer.keep=l", ["trainer.keep=last"]),
        (["train"], "model.gradient_checkpointing=", [f"model.gradient_checkpointing={x}" for x in ("true", "false")]),
        (["train", "-m"], "schedule=", [f"schedule={option}" for option in options_of("schedule")]),
        (["train"], "--mu", ["--multirun"]),
        (["nothing"], "", []),
    ],
)
def test_a_verb_has_its_own_keys_and_values(words, last, found):
    assert completions(words, last) == found


def test_files_are_offered_where_a_value_may_be_any(tmp_path, monkeypatch):
    (tmp_path / "pairs.jsonl").write_text("")
    monkeypatch.chdir(tmp_path)
    assert completions(["train", "data=jsonl"], "data.path=pa") == ["data.path=pairs.jsonl"]


@pytest.mark.parametrize(
    ("line", "printed"),
    [("rmexp tr", "track\ntrain\n"), ("rmexp --plugin no_such_plugin train ", ""), ("rmexp expo", "export\n")],
)
def test_what_a_shell_is_told(line, printed, capsys, monkeypatch):
    monkeypatch.setenv("RMEXP_PLUGINS", "")
    tell_completions(line)
    assert capsys.readouterr().out == printed


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A folder that one works in, with a run, a sweep, a file and hidden ones."""
    for folder in ("runs/first", "runs/sweep/optimizer.lr=0.1", "runs/sweep/.stages", ".git"):
        (tmp_path / folder).mkdir(parents=True)
    for run in ("runs/first", "runs/sweep/optimizer.lr=0.1"):
        (tmp_path / run / "config.yaml").write_text("")
    (tmp_path / "runs" / "notes.txt").write_text("")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("verb", ["report", "track", "export"])
def test_folders_are_offered_to_verbs_that_take_one_without_a_key(verb, runs):
    assert "runs/" in completions([verb], "")
    assert completions([verb], "ru")[-1] == "runs/"
    assert completions([verb], "runs/") == ["runs/first", "runs/sweep/"]
    assert completions([verb], "runs/sweep/optimizer.lr=0") == ["runs/sweep/optimizer.lr=0.1"]
    assert completions([verb, "runs/first"], "runs/") == [], "it takes one"
    key = "run_dir" if verb == "report" else "path"
    assert completions([verb, f"{key}=runs/first"], "runs/") == []
    assert "runs/" in completions([verb, "--cfg", "job"], "")


@pytest.mark.parametrize("verb", ["train", "evaluate"])
def test_folders_are_not_offered_to_others(verb, runs):
    assert "runs/" not in completions([verb], "ru")
    assert completions([verb], "runs/") == []


def test_experiments_are_offered_to_the_verbs_that_they_are_for():
    assert completions(["train"], "exp") == ["experiment="]
    assert completions(["train"], "experiment=") == ["experiment=post"]
    assert completions(["compare"], "experiment=r") == ["experiment=rlhf_circle"]
    for verb in ("evaluate", "profile"):
        assert completions([verb], "exp") == []
        assert completions([verb], "experiment=") == []


def test_flags_of_report_and_keys_behind_help_are_offered():
    assert completions(["report"], "--o") == ["--open"]
    assert completions(["train"], "--o") == []
    assert completions(["help", "train"], "optimizer.l") == ["optimizer.lr"]
    assert "data" in completions(["help", "evaluate"], "da")
    assert completions(["help", "train", "seed"], "") == []
