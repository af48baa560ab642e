import inspect
import pydoc
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from rmexp.config.parameters.definitions import class_constant
from rmexp.verbs.scorers import scorer_inputs


def target(name):
    return {"_target_": f"rmexp.scoring.{name}"}


@pytest.mark.parametrize(
    "node", sorted((Path(__file__).parents[3] / "conf" / "scorer").glob("*.yaml")), ids=lambda path: path.stem
)
def test_every_scorer_says_what_of_its_arguments_it_reads(node):
    name = OmegaConf.load(node).get("_target_", "rmexp.scoring.implicit.ImplicitScorer")
    scorer = pydoc.locate(name)
    assert class_constant(name, "reads") == scorer.reads
    assert scorer.reads.keys() == {"path", "policy", "reference", "pairs"} & inspect.signature(scorer).parameters.keys()


def test_inputs_are_what_the_nodes_read(tmp_path, reward_folder):
    file = tmp_path / "pairs.jsonl"
    file.write_text("one")
    members = {
        "a": {**target("explicit.ExplicitScorer"), "path": str(reward_folder), "k": 1},
        "b": {**target("baseline.BaselineScorer"), "pairs": str(file), "path": "no such argument"},
    }
    node = OmegaConf.create({"name": "ensemble", **target("ensemble.EnsembleScorer"), "members": members})
    before = scorer_inputs({"scorer": node})
    assert list(before) == ["scorer.members.a.path", "scorer.members.a.path.tokenizer", "scorer.members.b.pairs"]
    file.write_text("two")
    after = scorer_inputs({"scorer": node})
    assert [key for key in before if before[key] != after[key]] == ["scorer.members.b.pairs"]
    with pytest.raises(ValueError, match="no scored files with their manifests in it"):
        scorer_inputs({"": OmegaConf.create({**target("stored_scores.StoredScores"), "path": str(tmp_path)})})
    with pytest.raises(ValueError, match="is no model folder"):
        scorer_inputs({"": OmegaConf.create({**target("hub.HubScorer"), "path": str(tmp_path)})})
