"""Models that are loaded or made, and what of them is trained."""
