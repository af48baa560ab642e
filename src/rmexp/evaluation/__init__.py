"""One way to judge scorers: arrays in, figures out; no torch, no Hydra, no scorer."""
