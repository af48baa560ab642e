"""Memory, communication and time of a training step, worked out from shapes alone.

What a step keeps for its backward pass is what the packed path keeps: of each token and layer two residuals, two
normalised states, queries, keys, values, what attention gives, and three states inside the MLP.
"""

from dataclasses import dataclass
from typing import Literal

FULL_BYTES, HALF_BYTES = 4, 2
ROUNDED_BYTES = 4 / 8 + FULL_BYTES / 64  # of a weight in 4 bits, its share of the scale of its block among them
Sharing = Literal["ddp", "fsdp"]


@dataclass(frozen=True)
class ModelShape:
    """A decoder.

    Attributes:
        hidden: width of its states.
        layers: how many.
        heads: of queries.
        key_heads: of keys and values.
        head_width: of each.
        mlp: width inside.
        parameters: of what is trained and kept, embeddings and head among them.
        embedded: of these, those that no token is multiplied by on its way: embeddings, which are looked up, and the
            head, which reads what comes out.
    """

    hidden: int
    layers: int
    heads: int
    key_heads: int
    head_width: int
    mlp: int
    parameters: int
    embedded: int

    @property
    def multiplied(self) -> int:
        """Parameters in products."""
        return self.parameters - self.embedded


@dataclass(frozen=True)
class BatchShape:
    """A batch of all devices together.

    Attributes:
        pairs: in it.
        tokens: of its rows; what responses share counts once.
        read: of them whose last layer is computed: the last of each response, or all that a likelihood needs.
        scores: of all queries with the keys that they are set against, of one head and layer.
        tiled_keys: of one head and layer in all tiles of attention, where a key that several look at is counted again.
    """

    pairs: float
    tokens: float
    read: float
    scores: float
    tiled_keys: float


@dataclass(frozen=True)
class Setting:
    """How a model is trained.

    Attributes:
        precision: `32-true`, `bf16-mixed` or `bf16-true`.
        states: numbers that the optimizer keeps for each parameter.
        checkpointing: whether layers are computed again in the backward pass.
        keeps_scores: whether attention keeps its probabilities and the keys of its tiles, as flash attention does not.
        flops: that a device does in a second, in fact.
        adapters: parameters of adapters, which learn beside frozen weights; 0 where all weights learn.
        rounded: of the frozen weights, those that are held in 4 bits.
    """

    precision: str
    states: float
    checkpointing: bool
    keeps_scores: bool
    flops: float
    adapters: int = 0
    rounded: int = 0

    @property
    def weight_bytes(self) -> int:
        """Of a parameter, its gradient, a number of the optimizer, and the residual of a token."""
        return HALF_BYTES if self.precision == "bf16-true" else FULL_BYTES

    @property
    def product_bytes(self) -> int:
        """Of a number in a product."""
        return FULL_BYTES if self.precision == "32-true" else HALF_BYTES


@dataclass(frozen=True)
class Needs:
    """Of each device, in bytes and seconds.

    Attributes:
        weights: the parameters, and copies of them that products need.
        gradients: of those that learn.
        optimizer: its states.
        activations: kept for the backward pass.
        passing: what the backward pass of a layer holds while it runs.
        communication: sent by a device in a step.
        seconds: of a step, at the given speed and without waiting for others.
    """

    weights: float
    gradients: float
    optimizer: float
    activations: float
    passing: float
    communication: float
    seconds: float

    @property
    def peak(self) -> float:
        """The most at one time. Gradients come as activations go, but an allocator seldom gives one's place to both."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.passing


def needs(shape: ModelShape, batch: BatchShape, setting: Setting, devices: int, sharing: Sharing) -> Needs:
    """What a step takes on each of some devices.

    Args:
        shape: of the model.
        batch: of all devices together.
        setting: how it is trained.
        devices: how many.
        sharing: `ddp` gives each the whole model, `fsdp` a part of it.

    >>> small = ModelShape(2, 1, 1, 1, 2, 4, parameters=100, embedded=20)
    >>> found = needs(small, BatchShape(1, 10, 2, 0, 10), Setting("32-true", 2, False, False, 1e3), 1, "ddp")
    >>> found.weights, found.gradients, found.optimizer, found.communication
    (400.0, 400.0, 800.0, 0.0)
    """
    parts = devices if sharing == "fsdp" else 1
    learnt = (setting.adapters or shape.parameters) * setting.weight_bytes
    whole, gathered = _held(shape, setting), 1 / max(1, shape.layers) if parts > 1 else 0.0  # a layer at a time
    copies = (shape.multiplied - setting.rounded) * HALF_BYTES if setting.precision == "bf16-mixed" else 0
    return Needs(
        weights=(whole + copies) / parts + whole * gathered,
        gradients=learnt / parts + learnt * gathered,
        optimizer=learnt * setting.states / parts,
        activations=activations(shape, batch, setting) / devices,
        passing=_passing(shape, batch, setting) / devices,
        communication=_sent(whole, learnt, devices, sharing),
        seconds=operations(shape, batch, setting) / (devices * setting.flops),
    )


def _held(shape: ModelShape, setting: Setting) -> float:
    """Bytes of all parameters, and of the largest matrix in 4 bits, which is made whole for its products."""
    plain = shape.parameters - setting.rounded + setting.adapters
    largest = shape.hidden * shape.mlp * setting.product_bytes if setting.rounded else 0
    return plain * setting.weight_bytes + setting.rounded * ROUNDED_BYTES + largest


def activations(shape: ModelShape, batch: BatchShape, setting: Setting) -> float:
    """Bytes that a batch keeps for its backward pass."""
    residual, product = setting.weight_bytes, setting.product_bytes
    queries, keys = shape.heads * shape.head_width, 2 * shape.key_heads * shape.head_width
    kept_scores = shape.heads * product if setting.keeps_scores else 0
    kept_keys = (batch.tiled_keys if setting.keeps_scores else batch.tokens) * keys * product
    states = shape.hidden * (residual + product)  # of every token, also in the last layer
    after = states + (2 * queries + 3 * shape.mlp) * product
    a_layer = batch.tokens * (states + after) + kept_keys + batch.scores * kept_scores
    last = batch.tokens * states + kept_keys + batch.read * (after + states)
    if setting.checkpointing:
        return (shape.layers - 1) * batch.tokens * shape.hidden * (residual + product) + max(a_layer, last)
    return (shape.layers - 1) * a_layer + last


def _passing(shape: ModelShape, batch: BatchShape, setting: Setting) -> float:
    """Gradients inside an MLP and of what goes in and out of it, and those of the scores of one layer."""
    inside = batch.tokens * (3 * shape.mlp + 2 * shape.hidden) * setting.product_bytes
    scores = 2 * shape.heads * batch.scores * setting.product_bytes if setting.keeps_scores else 0.0
    return inside + scores


def operations(shape: ModelShape, batch: BatchShape, setting: Setting) -> float:
    """Floating-point operations of a step: a product costs two for each pair of numbers, its gradients twice that.

    Frozen weights have no gradient: only what goes into their products has one.
    """
    products = 2 * batch.tokens
    attention = 4 * shape.layers * shape.heads * shape.head_width * batch.scores
    again = 1 if setting.checkpointing else 0
    learnt, frozen = (setting.adapters, shape.multiplied) if setting.adapters else (shape.multiplied, 0)
    return (3 + again) * (products * learnt + attention) + (2 + again) * products * frozen


def _sent(whole: float, learnt: float, devices: int, sharing: Sharing) -> float:
    """Bytes that a device sends in rings: gradients summed and handed round, or weights gathered twice and one sum."""
    return (2 * whole + learnt if sharing == "fsdp" else 2 * learnt) * (devices - 1) / devices
