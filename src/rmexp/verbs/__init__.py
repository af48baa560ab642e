"""One file a verb, and what belongs to one alone."""
