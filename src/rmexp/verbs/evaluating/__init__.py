"""What `evaluate` does beyond calling others: its sets, their scores, its table."""
