"""Scorers: things with a name and a fingerprint that give every response of a record a number."""
