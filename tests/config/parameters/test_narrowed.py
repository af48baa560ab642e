"""Numbers out of range are refused with their key before anything that a configuration names is imported."""

import ast
from pathlib import Path

import pytest
from omegaconf import OmegaConf

import rmexp
from rmexp.config.compose import compose
from rmexp.config.parameters.narrowed import _OF_OTHERS, _OF_VERBS
from rmexp.config.parameters.signatures import signature_of
from rmexp.config.problems import ConfigurationError
from rmexp.config.tree import verbs
from rmexp.ranges import read_range

WRONG = {
    "train": [
        *("seed=-1", "plan_flops=0", "data.batch_pairs=0", "data.batch_tokens=0", "data.max_val_pairs=0"),
        *("data.max_tokens=1", "data.val_fraction=1", "data.val_fraction=-0.1"),
        *("data.train_pairs=0", "data.label_noise=1.5", "data.sample_seed=-1", "data.leak_similarity=0"),
        *("model.hidden_size=0", "model.layers=0", "model.heads=0", "model.vocabulary=100", "model.max_positions=0"),
        *("model.adapters.rank=0", "model.adapters.alpha=0"),
        *("trainer.devices=0", "trainer.devices=-2", "trainer.num_nodes=0", "trainer.gradient_clip_val=-1"),
        *("trainer.gradient_clip_val=nan", "trainer.accumulate_grad_batches=0", "trainer.log_every_n_steps=-1"),
        *("trainer.threads=0", "trainer.workers=-1", "trainer.validate_every_steps=0", "trainer.max_steps=-5"),
        *("trainer.max_epochs=0", "trainer.patience=0", "trainer.min_delta=-1", "trainer.min_delta=nan"),
        *("trainer.precision=foo", "trainer.accelerator=foo", "+trainer.gradient_clip_algorithm=foo"),
        *("+trainer.limit_train_batches=-3", "model.trained=foo", "model.layout=foo", "module.head_lr_factor=0"),
        *("callbacks.saving.every_seconds=-1", "callbacks.progress.line_every_steps=0"),
        *("optimizer.lr=-1", "optimizer.lr=nan", "optimizer.betas=[2,0.9]", "optimizer.eps=-1"),
        *("optimizer.lr=inf", "optimizer.eps=inf", "optimizer.weight_decay=inf", "plan_flops=inf"),
        *("module.head_lr_factor=inf", "trainer.min_delta=inf", "model.adapters.alpha=inf"),
        *("optimizer.weight_decay=-1", "schedule.warmup_fraction=3", "schedule.floor=7", "schedule.floor=-2"),
    ],
    "train task=dpo": ["loss.beta=0", "loss.beta=nan", "loss.beta=inf", "module.reference_logps=foo"],
    "train task=sft": ["module.sides=foo"],
    "train loss=bradley_terry_centred": ["loss.margin_scale=-1", "loss.label_smoothing=0.5", "loss.centering=-1"],
    "train loss=bradley_terry_centred loss.label_smoothing=0": ["loss.margin_scale=inf", "loss.centering=inf"],
    "train loss=hinge": ["loss.width=0", "loss.width=inf"],
    "train loss=davidson": ["loss.nu=0", "loss.nu=inf"],
    "train loss=rao_kupper": ["loss.theta=1", "loss.theta=inf"],
    **{f"train task=dpo loss={name}": ["loss.beta=0", "loss.beta=inf"] for name in ("ipo", "length_normalised_dpo")},
    **{
        f"train task=dpo loss={name}": ["loss.beta=0", "loss.label_smoothing=0.5"]
        for name in ("conservative_dpo", "robust_dpo")
    },
    "train optimizer=sgd": [
        "optimizer.lr=-1",
        "optimizer.momentum=-1",
        "optimizer.weight_decay=-1",
        "+optimizer.dampening=inf",
    ],
    "train optimizer=adafactor": [
        *("optimizer.lr=-1", "optimizer.beta2_decay=0.1", "optimizer.d=0.5", "+optimizer.eps=[null,inf]"),
        "optimizer.beta2_decay=-inf",
    ],
    "train optimizer=muon": ["optimizer.lr=-1", "optimizer.momentum=-1", "optimizer.widest=0", "optimizer.eps=-1"],
    "train optimizer=adamw_8bit": ["optimizer.lr=-1", "optimizer.betas=[0.9,1]"],
    "train optimizer=adamw_paged": ["optimizer.lr=-1", "optimizer.betas=[0.9,1]"],
    "train schedule=linear": ["schedule.floor=7", "schedule.warmup_fraction=1"],
    "train schedule=constant": ["schedule.warmup_fraction=-0.1"],
    "train data=jsonl data.path=a": [
        "data.max_bad_share=2",
        "data.max_row_mb=0",
        "data.max_unpacking=0",
        "data.max_row_mb=inf",
    ],
    "train data=hub data.path=a": ["data.max_bad_share=-1"],
    "train data=text data.paths=[a] task=sft": ["data.passage_characters=0"],
    "train data=mixture": ["data.seed=-1", "+data.weights.a=0", "+data.weights.a=inf"],
    "train data=helpsteer2": ["data.format.pairing.min_gap=-1", "data.format.pairing.min_gap=inf"],
    "train data=shp": ["data.format.min_ratio=0.5"],
    "train data=jsonl data.path=a data/format=arena_table": ["data.format.certain=0"],
    "train task=ppo data=synthetic scorer=gold": [
        *(
            "rollouts.iterations=0",
            "rollouts.samples=1",
            "rollouts.max_new_tokens=0",
            "rollouts.missing_end_penalty=-1",
        ),
        *("rollouts.empty_reward=inf", "rollouts.empty_limit=2", "rollouts.evaluation_samples=1", "rollouts.shown=-1"),
        *("rollouts.show_every=0", "kl.coefficient=-1", "kl.target=0", "kl.rate=0", "kl.limit=0", "update.epochs=0"),
        *("kl.place=foo", "kl.estimator=k4", "kl.coefficient=inf", "kl.rate=inf", "update.value_coefficient=inf"),
        "rollouts.missing_end_penalty=inf",
        *("update.minibatches=0", "update.clip=0", "update.value_clip=0", "update.value_coefficient=-1"),
        *(
            "update.stop_kl=0",
            "estimator.responses=0",
            "estimator.discount=2",
            "estimator.decay=-1",
            "sft.optimizer.lr=-1",
        ),
    ],
    "train task=ppo data=synthetic scorer=gold estimator=rloo": ["estimator.responses=1"],
    "compare": [
        *("shift_pairs=-1", "policies.prompts=-1", "policies.responses=0", "policies.best_of=0"),
        *("policies.max_new_tokens=0", "dpo.loss.beta=-1", "reward.optimizer.lr=-1", "sft.schedule.floor=7"),
    ],
    "evaluate scorer=baseline": ["threads=0", "shard_records=0", "seed=-1"],
    "evaluate data=rm_bench scorer=baseline": ["data.format.styles=0", "data.max_bad_share=2"],
    "evaluate scorer=ensemble": ["scorer.k=-1", "scorer.k=inf"],
    "evaluate scorer=implicit scorer.policy=a scorer.reference=b": [
        *("scorer.beta=0", "scorer.beta=inf", "scorer.precision=foo")
    ],
    "evaluate scorer.path=a": ["scorer.precision=16-mixed"],
    "inspect scorer=baseline": ["pairs=1", "traced=-1", "learning.steps=-1", "learning.lr=-1", "learning.lr=inf"],
    "filter": [
        *("keep.min_margin=inf", "keep.min_score=-inf"),
        *("keep.share=0", "keep.per_group=0", "keep.top=0", "keep.max_disagreement=-1", "keep.min_margin=nan"),
    ],
    "best-of-n scorer=baseline": [
        *("candidates.prompts=0", "candidates.n=0", "candidates.max_new_tokens=0", "candidates.temperature=-1"),
        *("candidates.top_p=0", "candidates.temperature=inf"),
    ],
}


@pytest.mark.parametrize("command", WRONG)
def test_a_number_out_of_range_is_refused_with_its_key(command):
    verb, *choices = command.split()
    left = list(WRONG[command])
    while left:
        together = {wrong.partition("=")[0].lstrip("+"): wrong for wrong in left}  # each key once
        with pytest.raises(ConfigurationError) as caught:
            compose(verb, [*choices, *together.values()])
        told = {problem.partition(" takes ")[0] for problem in caught.value.problems}
        assert together.keys() - told == set()
        left = [wrong for wrong in left if wrong not in together.values()]


@pytest.mark.parametrize(
    "command",
    [
        *("trainer.log_every_n_steps=0", "data.split_seed=-1", "data=mixture data.split_seed=-1"),
        *("optimizer=sgd optimizer.momentum=1.0 +optimizer.dampening=-0.5", "trainer.gradient_clip_val=inf"),
        *("callbacks.saving.every_seconds=inf", "trainer.precision=32", "trainer.precision='16'"),
        "task=ppo data=synthetic scorer=gold kl.limit=inf kl.target=inf update.stop_kl=inf update.value_clip=inf "
        "update.clip=inf",
        "optimizer=adafactor optimizer.d=inf",
    ],
)
def test_what_switches_something_off_or_is_only_unusual_is_taken(command):
    compose("train", command.split())


@pytest.mark.parametrize(
    "scorer", ["scorer.path=a", "scorer=centred scorer.path=a", "scorer=implicit scorer.policy=a scorer.reference=b"]
)
@pytest.mark.parametrize("name", [32, "'32'", "bf16", "bf16-mixed", "auto"])
def test_a_scorer_takes_the_names_of_a_precision_that_a_trainer_takes(scorer, name):
    for verb, key in (("evaluate", "scorer.precision"), ("train", "trainer.precision")):
        compose(verb, [*(scorer.split() if verb == "evaluate" else ()), f"{key}={name}"])


def test_that_a_number_must_be_finite_is_said_where_one_is_not():
    with pytest.raises(ConfigurationError, match=r"loss.beta takes a finite number > 0, got inf$"):
        compose("train", ["task=dpo", "loss.beta=inf"])
    with pytest.raises(ConfigurationError, match=r"gradient_clip_val takes a number .* or inf or null, got -inf$"):
        compose("train", ["trainer.gradient_clip_val=-inf"])


def test_a_value_that_may_be_typed_as_number_and_as_text_is_told_once():
    with pytest.raises(ConfigurationError, match=r"trainer.precision takes .*, 64-true, 32, bf16, 16, 64, .*, got 8$"):
        compose("train", ["trainer.precision=8"])


def test_every_narrowed_argument_is_one_of_its_target():
    for target, arguments in _OF_OTHERS.items():
        assert arguments.keys() <= signature_of(target).parameters.keys()


def test_every_narrowed_key_is_one_of_a_verb():
    needed = {"report": ["run_dir=a"], **{key: ["path=a"] for key in ("export", "track")}}
    needed |= {key: ["scorer=baseline"] for key in ("score", "evaluate", "inspect", "best-of-n")}
    configs, missing = [compose(verb, needed.get(verb, [])) for verb in verbs()], object()
    known = {
        key for key in _OF_VERBS for each in configs if OmegaConf.select(each, key, default=missing) is not missing
    }
    assert known == _OF_VERBS.keys()


def test_every_annotated_number_says_a_range():
    said = []
    for path in Path(rmexp.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Subscript(
                    value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[_, ast.Constant(value=words)])
                ):
                    said.append((path.name, words))
    assert len(said) > 50
    assert [place for place in said if read_range(place[1]) is None] == []
