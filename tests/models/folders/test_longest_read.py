"""How many tokens a model reads that says it nowhere is what transformers would say, as a rule without asking it."""

import json
from pathlib import Path

import huggingface_hub.constants
import pytest
from transformers import CONFIG_MAPPING

from rmexp.models.folders import longest_read
from rmexp.models.folders.longest_read import OLDER

TOLD = longest_read._positions_told
PLAIN = ["llama", "bert", "gpt_neox", "opt", "phi3", "qwen3", "gemma3", "t5", "falcon"]
SILENT = ["bloom", "xlnet"]  # with room for any number


@pytest.fixture
def asked(monkeypatch):
    """What transformers is asked for."""
    seen = []
    monkeypatch.setattr(longest_read, "_positions_told", lambda *where: seen.append(where) or TOLD(*where))
    return seen


def written(folder, content):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(content))
    return str(folder)


@pytest.mark.parametrize("kind", [*PLAIN, *OLDER, *SILENT])
def test_a_configuration_on_disk_is_read_as_transformers_reads_it(tmp_path, asked, kind):
    short = {"n_positions" if kind in (*OLDER, "t5") else "max_position_embeddings": 96}
    inside = {"text_config": {"model_type": f"{kind}_text", **short}} if kind == "gemma3" else {}
    config = CONFIG_MAPPING[kind](**({} if kind in SILENT else inside or short))
    config.save_pretrained(tmp_path)
    found = getattr(config.get_text_config(), "max_position_embeddings", None) or 512
    assert longest_read.longest_read(str(tmp_path)) == (512 if found < 0 else found)
    assert bool(asked) == (kind in (*SILENT, "t5"))


@pytest.mark.parametrize(
    ("content", "positions"),
    [
        ({"model_type": "llama"}, 512),
        ({"model_type": "no such"}, 512),
        ({"model_type": "rwkv", "context_length": 64}, 64),
    ],
)
def test_what_is_not_said_in_plain_words_is_asked_of_transformers(tmp_path, asked, content, positions):
    assert longest_read.longest_read(written(tmp_path, content)) == positions
    assert asked == [(str(tmp_path), None)]


def test_of_the_hub_the_revision_that_is_asked_for_is_read_where_it_is_kept(tmp_path, monkeypatch, asked):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    kept = tmp_path / "models--org--model"
    for name, commit, positions in (("main", "a" * 40, 128), ("v2", "b" * 40, 256)):
        written(kept / "snapshots" / commit, {"model_type": "llama", "max_position_embeddings": positions})
        (kept / "refs").mkdir(exist_ok=True)
        (kept / "refs" / name).write_text(commit)
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    settings = {"base_model_name_or_path": "org/model", "revision": "v2"}
    (adapter / "adapter_config.json").write_text(json.dumps(settings))
    read = longest_read.longest_read
    assert [read("org/model"), read("org/model", "v2"), read("org/model@v2"), read(str(adapter))] == [
        128,
        256,
        256,
        256,
    ]
    assert (read(str(Path("not") / "there" / "at all")), read("org/model", "v3")) == (512, 512)
    assert len(asked) == 2
