from rmexp.config.compose import compose
from rmexp.config.identity.followed import followed
from rmexp.config.identity.saved import saved_yaml


def test_values_stand_where_their_names_stood():
    content = {
        "recipe": {"lr": 0.1},
        "here": {"lr": "${recipe.lr}", "again": "${.lr}", "all": "${recipe}", "rows": ["${recipe.lr}", None]},
        "text": "at ${recipe.lr}",
        "bad_row": "${oc.select:bad_rows,error}",
    }
    assert followed(content) == {
        "recipe": {"lr": 0.1},
        "here": {"lr": 0.1, "again": 0.1, "all": {"lr": 0.1}, "rows": [0.1, None]},
        "text": "at 0.1",
        "bad_row": "error",
    }


def test_what_may_be_a_secret_is_not_asked_for(monkeypatch):
    monkeypatch.setenv("TOKEN", "hunter2")
    content = {"token": "${oc.env:TOKEN}", "same": "${token}", "both": "${a}${oc.env:TOKEN}", "a": 1}
    assert followed(content) == content | {"same": "${oc.env:TOKEN}"}


def test_what_stands_for_nothing_stays():
    content = {"a": "${nowhere.at.all}", "b": "???", "c": "${d}", "d": "${c}", "e": "${b}"}
    assert followed(content) == content


def test_the_configuration_of_a_run_has_no_name_left():
    import yaml

    whole = yaml.safe_load(saved_yaml(compose("train", ["data=jsonl", "data.path=pairs.jsonl"])))
    assert "${" in str(whole)
    assert "${" not in str(followed(whole))
