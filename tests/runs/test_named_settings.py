from rmexp.runs.axes import ABSENT
from rmexp.runs.named_settings import in_words, with_options

ADAM, SGD = {"optimizer._target_": "torch.optim.adamw.AdamW"}, {"optimizer._target_": "torch.optim.sgd.SGD"}


def named(runs, choices, swept=()):
    return [settings.get("optimizer") for settings in with_options(runs, choices, swept)]


def test_an_option_is_called_as_it_was_chosen():
    chosen = [{"optimizer": "adamw"}, {"optimizer": "sgd"}]
    assert with_options([ADAM | {"optimizer.lr": 1}, SGD], chosen) == [
        {"optimizer": "adamw", "optimizer.lr": 1},
        {"optimizer": "sgd"},
    ]


def test_targets_that_options_do_not_tell_apart_are_called_by_their_own_names():
    assert named([ADAM, SGD], [{}, {}]) == ["AdamW", "SGD"]
    assert named([ADAM, SGD], [{"optimizer": "mine"}, {"optimizer": "mine"}]) == ["AdamW", "SGD"]
    assert named([ADAM, ADAM], [{"optimizer": "adamw"}, {"optimizer": "mine"}]) == ["AdamW", "AdamW"]
    other = {"optimizer._target_": "mine.AdamW"}
    assert named([ADAM, other], [{}, {}]) == ["torch.optim.adamw.AdamW", "mine.AdamW"]


def test_a_run_without_the_node_has_no_name_of_it():
    assert named([ADAM, {"optimizer._target_": None}, {}], [{"optimizer": "adamw"}, {}, {}]) == ["adamw", None, None]


def test_what_was_swept_is_called_as_it_was_typed_even_where_the_target_is_the_same():
    chosen = [{"optimizer": "adamw", "experiment": "a"}, {"optimizer": "mine", "experiment": "b"}]
    assert named([ADAM, ADAM], chosen, ["optimizer"]) == ["adamw", "mine"]
    assert with_options([{}, {}], chosen, ["experiment"]) == [{"experiment": "a"}, {"experiment": "b"}]


def test_words_are_those_that_are_typed():
    settings = {"a": None, "b": True, "c": [1, "x"], "d": ABSENT, "e": 1e-5}
    assert in_words(settings) == 'a=null, b=true, c=[1, "x"], e=1e-05'
    assert in_words({}) == in_words({"d": ABSENT}) == "these runs"
