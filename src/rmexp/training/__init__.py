"""Thin LightningModules, loaders whose order is a function of seed and step, and what surrounds a fit."""
