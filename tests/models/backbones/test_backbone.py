"""What a model group has built is looked at before it is relied on."""

import pytest
from torch import nn

from rmexp.models.backbones.backbone import checked_backbone
from rmexp.models.backbones.tiny import tiny

SIZE = {"hidden_size": 8, "layers": 1, "heads": 2, "vocabulary": 270, "max_positions": 64}


def mine():
    """Stands for what built it."""


def test_what_is_no_backbone_is_refused_with_what_built_it():
    built = tiny(["2 + 2?"], 0, **SIZE)
    assert checked_backbone(built, mine) is built
    for given, came in (
        (None, "LanguageModel or a TextEncoder, got nothing"),
        (built.causal_lm, "LanguageModel or a TextEncoder, got LlamaForCausalLM"),
        (built._replace(causal_lm=nn.Linear(1, 1)), "PreTrainedModel of transformers, got Linear"),
        (built._replace(tokenizer="gpt2"), "PreTrainedTokenizerBase of transformers, got str"),
    ):
        with pytest.raises(ValueError, match=rf"^mine\(\) must give a {came} \(set model\)$"):
            checked_backbone(given, mine)
