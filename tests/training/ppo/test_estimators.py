import pytest
import torch

from rmexp.losses.advantages import generalised_advantages, group_relative_advantages, leave_one_out_advantages
from rmexp.training.ppo.estimators import OtherResponses, ValueModel

MASK = torch.tensor([[1, 1, 1], [1, 0, 0], [1, 1, 0], [1, 1, 1]], dtype=torch.bool)


@pytest.fixture
def figures():
    rewards, values = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))
    return rewards, values * MASK


@pytest.mark.parametrize("function", [leave_one_out_advantages, group_relative_advantages])
def test_every_token_has_the_advantage_of_its_response(figures, function):
    rewards, values = figures
    estimator = OtherResponses(2, function)
    of_responses = function((rewards * MASK).sum(1), 2)
    found = estimator(rewards, values, MASK)
    assert torch.equal(found.advantages, of_responses[:, None] * MASK)
    assert not estimator.uses_values


def test_a_value_model_is_believed_as_told(figures):
    found = ValueModel(1, 0.9, 0.8)(*figures, MASK)
    expected = generalised_advantages(*figures, MASK, discount=0.9, decay=0.8)
    assert torch.equal(found.advantages, expected.advantages)
    assert torch.equal(found.returns, expected.returns)


@pytest.mark.parametrize(
    ("estimator", "arguments", "message"),
    [
        (OtherResponses, (1, leave_one_out_advantages), "estimator.responses must be at least 2, got 1"),
        (ValueModel, (0, 1.0, 1.0), "estimator.responses must be at least 1, got 0"),
        (ValueModel, (1, 1.5, 1.0), r"estimator.discount must be in \[0, 1\], got 1.5"),
        (ValueModel, (1, 1.0, -0.1), r"estimator.decay must be in \[0, 1\], got -0.1"),
    ],
)
def test_bad_values(estimator, arguments, message):
    with pytest.raises(ValueError, match=message):
        estimator(*arguments)
