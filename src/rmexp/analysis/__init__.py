"""Figures from scored pairs, each with its interval: arrays in, JSON-ready records out, no model."""
