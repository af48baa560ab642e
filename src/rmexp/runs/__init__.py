"""What runs leave: their folders, written and read here alone; no Hydra, no model."""
