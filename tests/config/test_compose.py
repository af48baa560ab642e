import itertools
import shlex
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from rmexp.config.compose import compose, compose_unchecked, with_implied_choices
from rmexp.config.help.described import described
from rmexp.config.meant_paths import typed
from rmexp.config.overrides import key_paths
from rmexp.config.problems import ConfigurationError
from rmexp.config.tree import conf_folder, options_of, verbs

PATHS = ("jsonl", "json", "csv", "parquet", "hub", "candidates", "demonstrations")
NEEDED = {
    "report": ["run_dir=RUN"],
    "track": ["path=RUN"],
    **{f"data={name}": ["data.path=x"] for name in PATHS},
    "data=text": ["data.paths=[x]"],
    "data=llmbar": ["data.path=x"],
    "model=hub": ["model.path=x"],
    "model=encoder": ["model.path=x"],
    **{f"scorer={name}": ["scorer.path=x"] for name in ("explicit", "centred", "hub", "scored_file", "verifier")},
    **{f"scorer={name}": ["scorer.policy=x", "scorer.reference=x"] for name in ("implicit", "implicit_mean")},
    "scorer=implicit_reference_free": ["scorer.policy=x"],
    "scorer=gold": ["data=synthetic"],
    "task=ppo": ["scorer.path=x"],
    **{f"loss={name}": ["task=dpo"] for name in options_of("loss") if name == "ipo" or name.endswith("dpo")},
    "loss=next_token": ["task=sft"],
    "score": ["scorer.path=x"],
    "evaluate": ["scorer.path=x"],
    "export": ["path=x"],
    "best-of-n": ["scorer.path=x"],
    "inspect": ["scorer.path=x"],
}


SIDE_BY_SIDE = ("callbacks", "data", "logger", "model", "optimizer", "schedule", "trainer")  # no matter which of each
OF_A_FILE = ("data/format", "loss", "sweep")  # likewise


def every_option():
    """(verb, overrides) so that each file of the tree is composed at least once."""
    for options in itertools.zip_longest(*map(options_of, SIDE_BY_SIDE)):
        choices = [f"{group}={option}" for group, option in zip(SIDE_BY_SIDE, options, strict=True) if option]
        yield "train", [*choices, *(key for choice in choices for key in NEEDED.get(choice, []))]
    for options in itertools.zip_longest(*map(options_of, OF_A_FILE)):
        choices = [f"{group}={option}" for group, option in zip(OF_A_FILE, options, strict=True) if option]
        needed = [key for choice in choices for key in NEEDED.get(choice, [])]
        yield "train", ["data=jsonl", *NEEDED["data=jsonl"], *needed, *choices]
    groups = {path.name for path in conf_folder().iterdir() if path.is_dir()} - {"hydra", *SIDE_BY_SIDE, *OF_A_FILE}
    for group, option in itertools.chain(*(itertools.product([name], options_of(name)) for name in sorted(groups))):
        choice = f"{group}={option}"
        verb = {"scorer": "score", "experiment": "compare"}.get(group, "train")
        task = ["task=ppo", *NEEDED["task=ppo"]] if group == "estimator" else []
        yield verb, [*task, choice, *NEEDED.get(choice, [])]


def problems(verb, *overrides):
    with pytest.raises(ConfigurationError) as caught:
        compose(verb, overrides)
    return caught.value.problems


def without_meaning(verb, overrides):
    composed = compose_unchecked(verb, overrides)
    return [key.path for key in described(verb, composed, None) if not key.meaning and key.path not in composed.choices]


@pytest.mark.parametrize(("verb", "overrides"), every_option(), ids=lambda value: str(value))
def test_every_option_composes_and_binds_and_its_keys_are_explained(verb, overrides):
    assert not OmegaConf.missing_keys(compose(verb, overrides))
    assert not without_meaning(verb, overrides)


@pytest.mark.parametrize("verb", sorted(verbs()))
def test_every_verb_composes_and_binds_and_its_keys_are_explained(verb):
    assert "hydra" not in compose(verb, NEEDED.get(verb, []))
    assert not without_meaning(verb, NEEDED.get(verb, []))


@pytest.mark.parametrize(("task", "data"), itertools.product(["sft", "reward", "dpo"], ["json_vs_text", "jsonl"]))
def test_tasks_and_data_combine(task, data):
    config = compose("train", [f"task={task}", f"data={data}", *NEEDED.get(f"data={data}", [])])
    assert (config.task, config.data.name) == (task, "x" if data == "jsonl" else data)
    assert config.optimizer.lr == config.model.recipe[task].lr


@pytest.mark.parametrize(
    ("verb", "override", "message"),
    [
        ("train", "data=json_vs_txt", "`data` has no option `json_vs_txt`; did you mean `json_vs_text`? ("),
        ("train", "data=_loading", "`data` has no option `_loading`"),
        ("train", "logger=null", "`logger` has no option `null`; without one: logger=csv (options: "),
        ("train", "schedule=none", "`schedule` has no option `none`; without one: schedule=constant (options: "),
        ("train", "experiment=null", "`experiment` has no option `null`; without one: ~experiment (options: "),
        ("compare", "scorer@gold=null", "`scorer` has no option `null`; without one: ~scorer@gold (options: "),
        ("train", "loss=true", "`loss` has no option `true` (options: "),
        ("train", "loss=nan", "`loss` has no option `nan` (options: "),
        ("train", "model=nan", "`model` has no option `nan` (options: "),
        ("train", "model=3", "`model` has no option `3` (options: "),
        (
            "train",
            "model=gpt2",
            "`model` has no option `gpt2`; a model of the hub is read with model=hub model.path=gpt2 (",
        ),
        ("train", "optimizer.lr=nan", "optimizer.lr takes a finite number of at least 0, got nan"),
        ("train", "optimizr.lr=1", "no such key or group; did you mean `optimizer.lr`?"),
        ("train", "lr=1", "did you mean `optimizer.lr`?"),
        (
            "train",
            "data.path=x",
            "no such key or group; data=candidates and data=csv and data=demonstrations and data=hub and",
        ),
        ("train", "data.until=x", "no such key or group; data=mixture has it"),
        ("train", "data/format=table", "no choice `data/format` to make; `data=csv` and `data=helpsteer2` and"),
        ("train", "optimzer=adamw", "no such key or group; did you mean `optimizer`?"),
        ("train", "hydra.jbo.chdir=true", "hydra.jbo"),
        ("train", "x==y", "expected KEY=VALUE"),
        ("train", "optimizer.lr=1,2", "several values need `-m`"),
        ("train", "+seed=1", "`seed` exists already; leave out the `+`"),
        ("train", "seed.x=1", "no such key or group"),
        ("train", "~nothing", "no such key or group"),
        ("train", "scorer=explicit", "`train` has no choice `scorer` to make"),
        ("compare", "task=dpo", "choose `task@sft` or `task@reward` or `task@dpo`"),
        ("compare", "loss.beta=1", "did you mean `dpo.loss.beta`?"),
        ("compare", "trainer.max_epochs=1", "`sft.trainer.max_epochs`"),
    ],
)
def test_one_mistake_is_one_problem_with_the_right_name(verb, override, message):
    (problem,) = problems(verb, override)
    assert problem.startswith(override.lstrip("~").split("=")[0])
    assert message in problem


@pytest.mark.parametrize(
    ("verb", "override", "group"),
    [
        *(("train", override, "loss") for override in ("~loss", "loss=null", "loss=[]", "loss=")),
        *(("train", f"~{group}", group) for group in ("data", "model", "schedule", "callbacks", "trainer", "task")),
        ("train", "model=null", "model"),
        ("compare", "~loss@reward.loss", "loss@reward.loss"),
        ("evaluate", "scorer=null", "scorer"),
        ("profile", "data=[]", "data"),
    ],
)
def test_what_a_verb_needs_cannot_be_left_out(verb, override, group):
    (problem,) = problems(verb, override)
    assert problem.startswith(f"{override}: `{verb}` cannot do without `{group}`")
    assert "(options: " in problem


@pytest.mark.parametrize("key", ["seed", "tests", "module", "run_dir"])
def test_a_key_of_the_verb_itself_cannot_be_left_out(key):
    assert problems("train", f"~{key}") == [f"~{key}: `{key}` cannot be left out; set it to another value"]


@pytest.mark.parametrize(
    ("verb", "overrides"),
    [
        ("train", ["~logger"]),
        ("train", ["logger=[]"]),
        ("train", ["~sweep", "~experiment"]),
        ("train", ["~callbacks.saving", "~optimizer.fused"]),
        ("filter", ["scorer=gold", "~scorer"]),
        ("train", ["+data@tests.more=json_vs_text", "~data@tests.more"]),
    ],
)
def test_what_no_verb_needs_may_be_left_out(verb, overrides):
    assert compose(verb, overrides)


@pytest.mark.parametrize(
    ("verb", "override", "told"),
    [
        ("train", "data=pairs.jsonl", "data=jsonl data.path=pairs.jsonl"),
        ("train", "data=./new.csv.gz", "data=jsonl data.path=./new.csv.gz"),
        ("train", "data=org/pairs", "data=hub data.path=org/pairs"),
        ("train", "data=notes", "data=jsonl data.path=notes"),
        ("train", "data='a b.jsonl'", "data=jsonl \"data.path='a b.jsonl'\""),
        ("train", "model=runs/x/model", "model=hub model.path=runs/x/model"),
        ("train", "+data@tests.other=pairs.jsonl", "+data@tests.other=jsonl tests.other.path=pairs.jsonl"),
        ("evaluate", "scorer=folder", "scorer=explicit scorer.path=folder"),
        ("evaluate", "scorer=scored.jsonl", "scorer=scored_file scorer.path=scored.jsonl"),
    ],
)
def test_a_path_in_the_place_of_an_option_is_told_with_what_reads_it(here, verb, override, told):
    Path("folder").mkdir()
    Path("notes").touch()
    (problem,) = problems(verb, override)
    value = override.partition("=")[2].strip("'")
    assert problem.endswith(f" has no option `{value}`; that is read with {told}")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data/format=tabel", "`data/format` has no option `tabel`; did you mean `table`? (options: "),
        ("data/fromat=table", "no such key or group; did you mean `data/format`?"),
        ("+data/format=table", "`data/format` is chosen already, as columns; leave out the `+` to choose another"),
        ("data.format=table", "`data.format` is chosen as a whole, with `data/format=OPTION`"),
        ("data.format.promt=x", "no such key or group; did you mean `data.format.prompt`?"),
        ("+data.format.promt=x", "Columns takes no `promt`; did you mean `prompt`?"),
        ("data.format.prompt=1", "data.format.prompt takes a text or null, got 1"),
    ],
)
def test_a_mistake_in_a_group_below_a_group(override, message):
    (problem,) = problems("train", "data=jsonl", "data.path=x", override)
    assert message in problem


def test_a_part_of_a_mixture_is_checked_like_a_data_set():
    part = ["data=mixture", "+data@data.parts.a=jsonl", "data.parts.a.path=x"]
    config = compose("train", [*part, "data/format@data.parts.a.format=hh_rlhf", "data.weights={a: 1}"])
    assert config.data.parts.a.format.prompt is None
    assert config.data.splitting.val_fraction == config.data.val_fraction
    for override, message in (
        ("data.parts.a.pth=x", "did you mean `data.parts.a.path`?"),
        ("+data.parts.a.pth=x", "rmexp.sources.files.files takes no `pth`; did you mean `path`?"),
        ("data/format@data.parts.a.format=hh", "`data/format` has no option `hh` (options: "),
        ("data.parts.a.format=hh_rlhf", "is chosen as a whole, with `data/format@data.parts.a.format=OPTION`"),
        (
            "+data/format@data.parts.a.format=ranked",
            "`data/format@data.parts.a.format` is chosen already, as columns; leave out the `+` to choose another",
        ),
        ("data/format=ranked", "no choice `data/format` to make; choose `data/format@data.parts.a.format`"),
    ):
        (problem,) = problems("train", *part, override)
        assert message in problem


def test_all_problems_come_at_once():
    found = problems("train", "data=jsonl", "optimizr.lr=1", "model=tny", "trainer.max_epochs=two", "+loss.alpha=1")
    assert [problem.split("=")[0].split(":")[0].split(" ")[0] for problem in found] == [
        "model", "optimizr.lr", "data.path", "trainer.max_epochs", "loss.alpha",
    ]  # fmt: skip


def test_a_later_override_may_rest_on_an_added_one():
    (problem,) = problems("train", "+foo={a: 1}", "foo.a=2")
    assert problem.startswith("foo: no such key")


def test_a_file_is_parsed_once_and_again_when_it_has_changed(tmp_path, monkeypatch):
    parsed, load = [], OmegaConf.load
    monkeypatch.setattr(OmegaConf, "load", lambda file: parsed.append(file) or load(file))
    (tmp_path / "data").mkdir()
    option = tmp_path / "data" / "mine.yaml"
    for name, task in (("first", "reward"), ("first", "sft"), ("second", "dpo")):
        option.write_text(f"defaults: [jsonl, _self_]\nname: {name}\npath: x\n")
        assert compose("train", ["data=mine", f"task={task}"], str(tmp_path)).data.name == name
    assert parsed.count(option) == 2
    assert all(parsed.count(file) == 1 for file in parsed if file != option)


def test_key_paths_are_those_of_the_composition():
    keys = set(key_paths(OmegaConf.to_container(compose("train", []), resolve=False)))
    assert {"data", "data.max_tokens", "model.recipe.dpo.lr", "callbacks.progress.line_every_steps"} <= keys


@pytest.mark.parametrize("choice", ["logger=csv", "logger=wandb", "logger=[wandb,tensorboard]"])
def test_a_logger_takes_no_key_that_it_does_not_have(choice):
    (problem,) = problems("train", choice, "+logger.nmae=hello")
    assert problem.startswith("logger.nmae: no such key in the configuration tree")


def test_an_override_that_cannot_be_read_is_told_with_its_quotes_and_is_not_called_unset():
    path = "runs/sweep/train,optimizer.lr-146044d3/optimizer.lr=0.001/model"
    (problem,) = problems("evaluate", f"scorer.path={path}")
    assert problem.startswith(f"scorer.path={path}: expected KEY=VALUE in Hydra's grammar (mismatched input '=')")
    assert problem.endswith(f"; quote it: \"scorer.path='{path}'\"")
    assert compose("evaluate", [f"scorer.path='{path}'"]).scorer.path == path
    assert len(problems("evaluate", "scorer.path=a=b", "draws=[1")) == 2


@pytest.mark.parametrize("value", ["[tie (bothbad), b]", "[it's.jsonl]", "[a=b,c d,e]"])
def test_a_text_in_a_list_is_told_with_its_quotes(value):
    key = "tests.a.files"
    (problem,) = problems("train", f"+{key}={value}")
    (word,) = shlex.split(problem.partition("; quote it: ")[2])
    assert OmegaConf.to_container(compose("train", [word]).tests) == {
        "a": {"files": [text.strip() for text in value[1:-1].split(",")]}
    }


def test_overrides_are_typed_as_the_shell_and_hydra_read_them_back():
    for value in ("runs/a/model", "runs/lr=0.1,seed=1/model", "with space/a", "it's/here", "a$b=c", 'say "a", now'):
        (word,) = shlex.split(typed("scorer.path", value))
        assert compose("evaluate", [word]).scorer.path == value


def test_an_option_that_the_tree_hides_is_told_unless_it_is_a_copy(tmp_path):
    (tmp_path / "schedule").mkdir()
    own, words = tmp_path / "schedule" / "cosine.yaml", ["task=reward", "schedule=cosine"]
    text = (conf_folder() / "schedule" / "cosine.yaml").read_text()
    own.write_text(text)
    assert compose("train", words, str(tmp_path)).schedule.floor == 0
    own.write_text(text.replace("floor: 0.0", "floor: 0.5"))
    with pytest.raises(ConfigurationError, match=r"schedule=cosine: .*schedule/cosine.yaml is never read"):
        compose("train", words, str(tmp_path))


def test_keys_stand_for_an_option_only_where_no_other_is_chosen(tmp_path):
    folder = tmp_path / "experiment"
    folder.mkdir()
    (folder / "byhub.yaml").write_text("# @package _global_\ndefaults:\n  - override /scorer: hub\n")
    (folder / "open.yaml").write_text("# @package _global_\nseed: 1\n")
    key, own = "scorer.path=x", str(tmp_path)
    for experiment, option in (("byhub", "hub"), ("open", "explicit")):
        words = with_implied_choices("filter", [f"experiment={experiment}", key], own)
        assert compose("filter", words, own).scorer._target_.startswith(f"rmexp.scoring.{option}.")
    swept = ["experiment=open,byhub", key]
    assert with_implied_choices("filter", swept, own) == swept


@pytest.mark.parametrize(
    ("verb", "word", "written"),
    [
        ("evaluate", "runs/a", "write scorer.path=runs/a"),
        ("inspect", "runs/lr=0.1,seed=0", None),  # which is an override as far as anybody can tell
        ("filter", "org/name", "write scorer.path=org/name"),
        ("profile", "pairs.jsonl.gz", "write data=jsonl data.path=pairs.jsonl.gz"),
        ("train", "tiny", "write model=tiny"),
        ("train", "dpo", "write loss=dpo or task=dpo"),
        ("train", "runs/a", "see rmexp train --help"),
        ("score", "hello", "see rmexp score --help"),
    ],
)
def test_a_bare_word_is_answered_with_what_it_stands_for(verb, word, written):
    found = problems(verb, word)
    if written is not None:
        assert found[0] == f"{word}: expected KEY=VALUE; {written}"
        assert len(found) == (2 if verb == "score" else 1)  # nothing that it would have set is called missing


def test_a_path_where_its_option_is_not_chosen_is_answered_with_both():
    assert problems("train", "data.path=pairs.jsonl") == [
        "data.path: no such key or group; that is read with data=jsonl data.path=pairs.jsonl"
    ]
    (problem,) = problems("train", "model=gpt2")
    assert "no option `gpt2`; a model of the hub is read with model=hub model.path=gpt2 (options:" in problem
    (problem,) = problems("train", "model=tinny")
    assert "did you mean `tiny`? (options:" in problem


def test_an_experiment_of_other_verbs_is_told_as_such():
    assert problems("profile", "experiment=post") == [
        "experiment=post: it chooses a `model`, and `profile` has none: it is for other verbs"
    ]
