"""Where nobody says how much a scorer reads, it is what its model was trained with."""

import json
import logging

import pytest
from omegaconf import OmegaConf

from rmexp.config.compose import compose
from rmexp.config.identity.saved import run_config
from rmexp.models.folders import longest_read
from rmexp.verbs.limits import with_limits


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Makes a model folder of which the contract alone is read."""
    monkeypatch.setattr(longest_read, "read_contract", lambda path: CONTRACTS.get(path.rpartition("/")[2]))

    def made(name):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps({"model_type": "llama", "max_position_embeddings": 384}))
        return str(folder)

    return made


class Promised:
    def __init__(self, max_tokens):
        self.max_tokens = max_tokens


CONTRACTS = {"short": Promised(256), "long": Promised(2048)}


def limit(verb, *overrides):
    return with_limits(compose(verb, [*overrides])).data.max_tokens


@pytest.mark.parametrize("verb", ["evaluate", "score", "inspect", "filter"])
def test_a_verb_that_trains_nothing_reads_what_the_model_was_trained_with(model, verb):
    short, long, other = model("short"), model("long"), model("other")
    explicit = "scorer=explicit"
    assert limit(verb, explicit, f"scorer.path={short}") == 256
    assert limit(verb, explicit, f"scorer.path={long}") == 2048
    assert limit(verb, explicit, f"scorer.path={other}") == 384  # it has no more positions
    assert limit(verb, explicit, f"scorer.path={short}", "data.max_tokens=300") == 300
    assert limit(verb, "scorer=baseline", "scorer.kind=longer") == 512
    assert limit(verb, "scorer=implicit", f"scorer.policy={long}", f"scorer.reference={other}") == 2048


def test_scorers_with_several_limits_read_the_same_texts_and_say_so(model, caplog):
    short, long = model("short"), model("long")
    two = [f"scorer.path={long}", "+scorer@scorers.other=explicit", f"scorers.other.path={short}"]
    config = with_limits(
        compose("evaluate", ["scorer=explicit", *two, "+data@tests.more=json_vs_text", "tests.more.name=more"])
    )
    assert (config.data.max_tokens, config.tests.more.max_tokens) == (256, 256)
    assert (
        "scorer.path with 2048, scorers.other.path with 256: all read 256 tokens (set data.max_tokens)" in caplog.text
    )
    assert logging.WARNING in {record.levelno for record in caplog.records}


def test_a_run_of_an_earlier_version_is_found_where_it_read_the_same(model):
    """Once the limit was 512 whatever the model was trained with."""
    for verb, own in (("evaluate", ["scorer=baseline", "scorer.kind=longer"]), ("train", [])):
        config = compose(verb, own)
        before = config.copy()
        OmegaConf.update(before, "data.max_tokens", 512)
        assert run_config(with_limits(config)).fingerprint == run_config(before).fingerprint
        assert run_config(config).fingerprint == run_config(before).fingerprint
        assert run_config(config).differences(run_config(before).text) == []
    short = compose("evaluate", ["scorer=explicit", f"scorer.path={model('short')}"])
    assert run_config(with_limits(short)).fingerprint != run_config(short).fingerprint


def test_the_revision_beside_an_address_is_the_one_that_is_asked(monkeypatch):
    asked = []
    monkeypatch.setattr(longest_read, "_positions_told", lambda *where: asked.append(where))
    hub = ["scorer=hub", "scorer.path=org/model"]
    assert (limit("score", *hub), limit("score", *hub, "scorer.revision=v2")) == (512, 512)
    assert asked == [("org/model", None), ("org/model", "v2")]
