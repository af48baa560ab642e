"""Muon for the matrices inside a model, AdamW for everything else, as one optimizer."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any

import torch
from torch import Tensor
from torch.optim import AdamW, Muon, Optimizer


class MuonAdamW(Optimizer):
    """Two optimizers behind one: Lightning takes several only where a module steps by itself.

    Embeddings and heads are matrices, too, but their rows are looked up one by one: a matrix with a side as long as the
    vocabulary, or as short as one row, goes to AdamW.

    Args:
        params: groups of parameters, or parameters.
        lr: learning rate of both; Muon's update is rescaled to the size of AdamW's.
        betas: of AdamW.
        eps: of AdamW.
        weight_decay: share of each weight that a step takes away, times the learning rate.
        momentum: of Muon.
        widest: length of a side from which on a matrix is taken for an embedding or a head.

    Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers"; scaled as Liu et al. 2025, section 2.2, do.

    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 1))
    >>> optimizer = MuonAdamW(model.parameters(), lr=0.1)
    >>> [type(part).__name__ for part in optimizer.parts]
    ['Muon', 'AdamW']
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: Annotated[float, "at least 0"],
        betas: tuple[Annotated[float, "in [0, 1)"], Annotated[float, "in [0, 1)"]] = (0.9, 0.999),
        eps: Annotated[float, "at least 0"] = 1e-8,
        weight_decay: Annotated[float, "at least 0"] = 0.01,
        momentum: Annotated[float, "in [0, 1)"] = 0.95,
        widest: Annotated[int, "at least 1"] = 20_000,
    ) -> None:
        super().__init__(params, {"lr": lr})
        self.widest = widest
        matrices, others = self._parted(inner=True), self._parted(inner=False)
        self.parts: list[Optimizer] = []
        if matrices:
            muon = Muon(matrices, lr, weight_decay, momentum, adjust_lr_fn="match_rms_adamw")
            self.parts.append(muon)
        if others:
            self.parts.append(AdamW(others, lr=lr, betas=(betas[0], betas[1]), eps=eps, weight_decay=weight_decay))
        self._share()

    def _is_inner(self, tensor: Tensor) -> bool:
        return tensor.ndim == 2 and min(tensor.shape) > 1 and max(tensor.shape) < self.widest

    def _parted(self, *, inner: bool) -> list[dict[str, Any]]:
        """The groups with their matrices from inside the model alone, or with all else; none without parameters."""
        parted = [
            {**group, "params": [tensor for tensor in group["params"] if self._is_inner(tensor) is inner]}
            for group in self.param_groups
        ]
        return [group for group in parted if group["params"]]

    def _share(self) -> None:
        """The groups and states that schedulers and checkpoints look at are those of the two."""
        self.param_groups = [group for part in self.parts for group in part.param_groups]
        self.state.clear()
        for part in self.parts:
            for parameter, state in part.state.items():
                self.state[parameter] = state

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Make a step with both."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for part in self.parts:
            part.step()
        self._share()
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave: groups first of Muon's, then of AdamW's."""
        super().load_state_dict(state_dict)
        loaded, groups = self.state, self.param_groups
        for part in self.parts:
            count = len(part.param_groups)
            part.param_groups, groups = groups[:count], groups[count:]
            part.state.clear()
            for group in part.param_groups:
                part.state.update({p: loaded[p] for p in group["params"] if p in loaded})
        self._share()
