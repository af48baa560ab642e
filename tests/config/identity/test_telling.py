import pytest

from rmexp.config.identity.telling import telling


def test_an_override_that_says_what_was_done_before_tells_nothing():
    given = ["task=reward", "trainer.keep=last", "trainer.patience=2", "trainer.min_delta=0.0"]
    assert telling(given) == ["task=reward", "trainer.patience=2"]


@pytest.mark.parametrize(
    "text",
    [
        *("trainer.compiled=false", "trainer.compiled=False", "trainer.compiled=auto", "+trainer.compiled=false"),
        *("trainer.patience=null", "keep=null", "trainer.min_delta=0", "plan_flops=4e14", "trainer.strategy='auto'"),
        *("data.format.both_bad=[]", "callbacks.checkpoint.mode=max"),
    ],
)
def test_however_it_is_typed_or_was_called(text):
    assert telling([text]) == []


def test_what_is_called_otherwise_now_is_the_same():
    assert telling(["trainer=ddp_fork", "a=[1"]) == telling(["trainer.accelerator=cpu", "trainer=ddp", "a=[1"])
    assert telling(["trainer.compiled=true", "trainer.compiled=}"]) == ["trainer.compiled=true", "trainer.compiled=}"]
