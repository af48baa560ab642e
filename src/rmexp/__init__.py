"""rmexp: configuration-driven reward-model experiments."""

__version__ = "0.1.0"
