"""Figures of two rewards on the same pairs."""
