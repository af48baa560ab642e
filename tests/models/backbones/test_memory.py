"""Memory of a body of 110 million parameters while it is read and while its adapters are merged and saved."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from rmexp.models.backbones.tiny import tiny

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="counted by Linux alone"),
]
SIZE = {"hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 12, "num_attention_heads": 12}
MOST = 1.2  # times the weights
MEASURE = """
import json, sys, threading, time
import peft
from transformers import LlamaForCausalLM
from rmexp.hardware.device import to_device
from rmexp.models.backbones.hub import read_model
from rmexp.models.backbones.pretrained import find_source
from rmexp.models.backbones.trained_weights import choose_trained, merge, merged

def private():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) * 1024

def watch():
    global most
    while running:
        most = max(most, private())
        time.sleep(0.002)

folder, dtype = sys.argv[1:3]
before = most = private()
running = True
thread = threading.Thread(target=watch)
thread.start()
model = read_model(find_source(folder, None, dtype, False))
to_device(model.causal_lm)
read = max(most, private()) - before
choose_trained(model.body, "adapters", {"rank": 8, "alpha": 16, "modules": "all-linear"})
weights = sum(parameter.nbytes for parameter in model.causal_lm.parameters())
merge(model.causal_lm)
merged(model.causal_lm).save_pretrained(folder + "/merged")
running = False
thread.join()
print(json.dumps([weights, read, max(most, private()) - before]))
"""


@pytest.fixture(scope="module")
def body(tmp_path_factory):
    """Folder of the weights in a type."""
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(vocab_size=32_000, tie_word_embeddings=True, **SIZE))
    tokenizer = tiny(["2 + 2?"], 0, hidden_size=8, layers=1, heads=1, vocabulary=262, max_positions=512).tokenizer

    def save(dtype):
        folder = tmp_path_factory.mktemp(dtype)
        model.to(getattr(torch, dtype)).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return str(folder)

    return save


@pytest.mark.parametrize(("files", "dtype"), [("float32", "float32"), ("float32", "bfloat16"), ("bfloat16", "float32")])
def test_weights_are_in_memory_once(body, files, dtype):
    pytest.importorskip("peft", reason="the extra lora is not installed")
    ended = subprocess.run(
        [sys.executable, "-c", MEASURE, body(files), dtype], capture_output=True, text=True, check=True, timeout=300
    )
    weights, read, saved = json.loads(ended.stdout.splitlines()[-1])
    assert read <= MOST * weights
    assert saved <= MOST * weights
