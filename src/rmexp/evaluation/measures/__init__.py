"""One figure a file, of arrays."""
