"""Examples as batches: what is computed once of them, their order, and where a run goes on."""
