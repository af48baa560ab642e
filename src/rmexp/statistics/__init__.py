"""Shares, means and differences with their intervals and tests, of plain arrays."""
