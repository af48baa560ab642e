"""How processes average their gradients when no strategy object is configured: torch's DistributedDataParallel."""

from lightning.pytorch.strategies import DDPStrategy, Strategy, StrategyRegistry

AVERAGING = ("auto", "ddp")


def strategy_named(name: str, processes: int, device: str) -> Strategy | str:
    """What Lightning's trainer is given for a name of a strategy.

    Args:
        name: as configured.
        processes: that train together.
        device: `cpu` or the type of an accelerator.

    Returns:
        A strategy, or its name. More than two processes on the processor look for unused parameters: torch then keeps
        the buckets that it begins with, and a run that goes on from a checkpoint adds in the order of one that was
        never stopped, to the same bytes. Two numbers have one sum in either order.

    Raises:
        ValueError: there is no such strategy, or Lightning takes the name for something else than it says.
    """
    if name.startswith("fsdp"):
        raise ValueError(
            f"trainer.strategy={name} is Lightning's first FSDP, which is not used here (set trainer=fsdp)"
        )
    if name not in AVERAGING:
        if name not in StrategyRegistry:
            raise ValueError(f"trainer.strategy must be {' or '.join(AVERAGING)}, or a class by _target_, got {name}")
        return name
    if processes == 1:
        return "auto"
    return DDPStrategy(find_unused_parameters=device == "cpu" and processes > 2)
