import pytest

from rmexp.training.processes.strategy import strategy_named


@pytest.mark.parametrize(("processes", "device", "looks"), [(2, "cpu", False), (3, "cpu", True), (3, "cuda", False)])
def test_buckets_are_kept_where_the_order_of_a_sum_shows(processes, device, looks):
    for name in ("auto", "ddp"):
        assert strategy_named(name, processes, device)._ddp_kwargs == {"find_unused_parameters": looks}


def test_one_process_has_nobody_to_average_with():
    assert strategy_named("ddp", 1, "cpu") == "auto"


def test_other_names_are_lightnings_but_for_one_that_misleads():
    assert strategy_named("deepspeed", 2, "cuda") == "deepspeed"
    with pytest.raises(ValueError, match=r"trainer\.strategy must be auto or ddp, or a class by _target_, got dpp"):
        strategy_named("dpp", 2, "cuda")
    with pytest.raises(ValueError, match="set trainer=fsdp"):
        strategy_named("fsdp", 2, "cuda")
