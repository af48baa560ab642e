"""Figures of a data set, without a trained model."""
