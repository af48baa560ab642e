"""What training would take, without training: memory, communication and time."""
