import pytest
import torch
from torch.autograd import gradcheck
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from rmexp.models.attention.rotary import Angles, rotated


def angles_of(tokens, width):
    by = torch.rand(tokens, width // 2, generator=torch.Generator().manual_seed(0))
    return Angles(by.cos(), by.sin())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_heads_are_turned_as_transformers_turns_them(dtype):
    heads, angles = torch.randn(3, 5, 8), angles_of(5, 8)
    cosine, sine = (torch.cat([part, part], dim=-1)[None] for part in angles)
    expected, _ = apply_rotary_pos_emb(heads.to(dtype).float()[None], heads[None], cosine, sine)
    torch.testing.assert_close(rotated(heads.to(dtype), angles), expected[0].to(dtype))


@pytest.mark.filterwarnings("ignore:Input #.*double precision")
def test_gradients_by_differences():
    heads = torch.randn(3, 5, 4).requires_grad_()
    assert gradcheck(lambda given: rotated(given, angles_of(5, 4)), (heads,), eps=1e-2, atol=1e-2, rtol=1e-2)


def test_angles_of_some_tokens():
    angles, tokens = angles_of(5, 4), torch.tensor([1, 3])
    assert angles.of(None) is angles
    assert torch.equal(angles.of(tokens).cosine, angles.cosine[[1, 3]])
    assert torch.equal(angles.of(tokens).sine, angles.sine[[1, 3]])
