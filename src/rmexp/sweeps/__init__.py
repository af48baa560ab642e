"""Multiruns: cells that survive, and their table."""
