"""Formats: what one row of a data set means as preference pairs."""
