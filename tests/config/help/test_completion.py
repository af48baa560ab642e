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
