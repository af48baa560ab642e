import pytest

from rmexp.cli import main
from rmexp.config.help.key_help import asked_for, key_help
from rmexp.config.tree import options_of

RATE = """optimizer.lr=0.001

  learning rate at its highest

  value now   0.001
  default     0.0005
  may be      float at least 0
  comes with  the choice of `optimizer`
"""


def test_a_key_in_full():
    told = asked_for("train", ["optimizer.lr", "optimizer.lr=1e-3"])
    assert told.startswith(RATE)
    assert "taken by    torch.optim.adamw.AdamW" in told
    assert told.endswith("  rmexp train -m optimizer.lr=0.002,0.004")


def test_a_choice_with_every_option_and_its_own_keys():
    told = asked_for("train", ["schedule"])
    assert all(f"\n  {option} " in told for option in options_of("schedule"))
    assert "schedule.floor=0.0" in told


def test_a_node_and_several_names():
    told = asked_for("train", ["model.recipe.dpo", "seed"])
    assert "model.recipe.dpo.lr=0.0005" in told
    assert "\n\nseed=0\n" in told


@pytest.mark.parametrize(
    ("name", "hint"),
    [("trainer.kep", "did you mean `trainer.keep`?"), ("data.path", "data=jsonl"), ("loss.beta", "loss=dpo")],
)
def test_a_name_that_is_not_there(name, hint):
    with pytest.raises(ValueError, match=f"`train` has no key or choice `{name}` now; ") as raised:
        asked_for("train", [name])
    assert hint in str(raised.value)


def test_a_key_that_stands_for_an_option_is_explained_as_its_own(capsys):
    assert main(["help", "filter", "scorer.path"]) == 0
    own = capsys.readouterr().out
    assert own.startswith("scorer.path=")
    assert main(["help", "filter", "scorer.path", "scorer=scored_file"]) == 0
    assert capsys.readouterr().out != own


def test_where_no_experiment_is_for_a_verb_none_is_offered():
    assert key_help("inspect", ["experiment"]) == "experiment=OPTION\n\nNone is for `inspect`."
    assert "rlhf_circle" in key_help("compare", ["experiment"])
