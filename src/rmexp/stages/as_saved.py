"""The finished weights as their folder has them: rounded to the type of their files, validated, and what they gave."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, cast

import lightning as L
import numpy as np
import torch
from numpy.typing import NDArray

from rmexp.encoding.batches import ResponseBatch
from rmexp.encoding.tokens import PairTokens, ResponseTokens
from rmexp.hardware.device import accelerator_type
from rmexp.hardware.precision import AUTO, FULL, HALF, choose_precision, computing
from rmexp.models.folders.saved_type import round_weights
from rmexp.phases import Phase, phase
from rmexp.stages.built import Built
from rmexp.stages.parts import StageParts
from rmexp.tracking.validations import read_validations
from rmexp.training.data.pair_data import PairData

FLOAT32 = "float32"
log = logging.getLogger(__name__)


class RewardsOfPairs(NamedTuple):
    """What a validation gave its pairs; see `Validation`."""

    rewards: NDArray[np.float64]
    target: NDArray[np.float64]


@contextmanager
def as_trained(built: Built, device: str) -> Iterator[None]:
    """Within it a module is on the device, and computes in the precision, that it was trained with.

    Args:
        built: the stage.
        device: type of the one where the module was trained.
    """
    module = cast(L.LightningModule, built.module)
    module.to(device)
    try:
        with computing(HALF if built.precision == HALF else FULL, device)():
            yield
    finally:
        module.cpu()


def weights_as_saved(built: Built, device: str) -> RewardsOfPairs | None:
    """Round the weights of a module to the type of its folder, so that whatever is said of them holds for the folder.

    Where that changes them, the validation is made again, without a line for it in metrics.csv.

    Args:
        built: the stage, its module with the weights that are kept.
        device: where the module was trained.

    Returns:
        What the validation pairs got; None where nothing had to be rounded, or the module judges no pairs.
    """
    module, dtype = built.module, built.start.save_dtype
    if not round_weights(module.model, dtype):
        return None
    log.info("the weights are saved in %s, as model.save_dtype or the files that they came from say", dtype)
    if not built.examples.val:
        return None
    told = phase(Phase.EVALUATING, "validation of the weights as saved")
    with told, as_trained(built, device), torch.inference_mode():
        _validate(built, device)
    validated = getattr(module, "validated", None)
    if validated is None:
        return None
    chosen, rejected, target = (values.double().cpu().numpy() for values in validated)
    return RewardsOfPairs(np.stack([chosen, rejected], axis=1), target)


def _validate(built: Built, device: str) -> None:
    data, module, trained = built.examples.data, built.module, cast(L.LightningModule, built.module)
    pairing = None
    if isinstance(data, PairData):
        data.pairs = data.pairs._replace(pack_responses=data.given.pack_responses)  # no features of other weights
        pairing = data.val_pairing().to(torch.device(device))
    trained.on_validation_epoch_start()
    for index, batch in enumerate(data.whole_validation()):
        assert isinstance(batch, ResponseBatch)
        trained.validation_step(batch.to(device), index)
    module.judge_validation(pairing)


def known_rewards(parts: StageParts, built: Built, folder: Path, step: int) -> Mapping[ResponseTokens, float]:
    """What `validated_rewards` gives where a scorer of the saved weights would give the same, up to rounding.

    Args:
        parts: of the stage.
        built: the stage.
        folder: of the run.
        step: whose weights were kept.
    """
    device = accelerator_type(parts.trainer.accelerator)
    same = built.precision == choose_precision(AUTO, built.module.model, device)
    if not same or built.start.save_dtype != FLOAT32:
        return {}
    return validated_rewards(folder, step, cast(Sequence[PairTokens], built.examples.val))


def validated_rewards(folder: Path, step: int, val: Sequence[PairTokens]) -> Mapping[ResponseTokens, float]:
    """Of the responses of the validation pairs, by the weights of a step; of none where these were not validated.

    Args:
        folder: of the run.
        step: whose weights were kept.
        val: the pairs as they were validated.
    """
    known = dict[ResponseTokens, float]()
    for validation in read_validations(folder):
        if validation.step == step and len(validation.rewards) == len(val):
            for pair, (first, second) in zip(val, validation.rewards.tolist(), strict=True):
                known |= {pair.chosen: first, pair.rejected: second}
    return known
