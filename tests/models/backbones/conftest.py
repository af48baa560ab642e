"""A language model of one's own, and adapters that have learnt something."""

import copy

import pytest
import torch

from rmexp.models.backbones.trained_weights import choose_trained


@pytest.fixture
def causal_lm(tiny_model):
    return copy.deepcopy(tiny_model.causal_lm)


@pytest.fixture
def taught():
    """Puts adapters beside the weights of a model, as they are when they have learnt something."""

    def teach(causal_lm):
        choose_trained(causal_lm.base_model, "adapters", {"rank": 4, "alpha": 8, "modules": "all-linear"})
        torch.manual_seed(0)
        with torch.no_grad():
            for name, parameter in causal_lm.named_parameters():
                if "lora_B" in name:
                    parameter.normal_(std=0.3)
        return causal_lm

    return teach
