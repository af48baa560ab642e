"""How a key that a command line may set is explained; that each of them is: see test_compose.py."""

from pathlib import Path

from rmexp.config.compose import compose_unchecked
from rmexp.config.help.described import described


def keys(verb, *overrides, folder=None):
    composed = compose_unchecked(verb, overrides, folder)
    return {key.path: key for key in described(verb, composed, folder)}


def test_a_key_with_its_default_and_where_it_is_from():
    found = keys("train", "trainer.keep=last")
    keep = found["trainer.keep"]
    assert (keep.value, keep.default, keep.values, keep.choice) == ("last", "best", "best | last", "trainer")
    assert keep.places[0].startswith("conf/trainer/default.yaml:")
    assert keep.target == "rmexp.training.trainer_options.TrainerOptions"


def test_a_reference_is_followed_and_named():
    rate = keys("train", "task=dpo", "model.recipe.dpo.lr=0.25")["optimizer.lr"]
    assert (rate.value, rate.reference) == (0.25, "model.recipe.dpo.lr")
    assert rate.places[0].startswith("conf/task/dpo.yaml:")


def test_stages_of_a_comparison_have_the_remarks_of_their_files():
    found = keys("compare")
    assert found["dpo.optimizer.fused"].meaning == "all parameters in one pass"
    assert found["dpo.optimizer.fused"].choice == "optimizer@dpo.optimizer"
    assert found["dpo.module.reference_logps"].choice == "task@dpo"


def test_the_docstring_tells_what_the_file_does_not():
    assert keys("train", "task=dpo")["loss.beta"].meaning == "strength of the pull towards the reference, > 0"
    assert keys("train")["model.layers"].meaning == "number of decoder layers"


def test_files_of_the_users_own(tmp_path):
    (tmp_path / "data").mkdir()
    text = "# Mine.\ndefaults: [jsonl, _self_]\nname: mine # of my lab\npath: pairs.jsonl\n"
    (tmp_path / "data" / "mine.yaml").write_text(text)
    name = keys("train", "data=mine", folder=str(tmp_path))["data.name"]
    assert name.meaning == "of my lab"
    assert name.places[0] == f"{Path(tmp_path) / 'data' / 'mine.yaml'}:3"
