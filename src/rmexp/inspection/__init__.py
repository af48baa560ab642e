"""Checks of a scorer and its data, each with a verdict and a sentence."""
