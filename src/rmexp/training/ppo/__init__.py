"""Proximal policy optimisation: a policy that learns from what a scorer says of its own responses."""
