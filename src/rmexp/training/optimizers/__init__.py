"""Optimizers that torch has not, or not under one name."""
