"""What happens around the steps of a trainer: epochs, checkpoints, signals, throughput."""
