"""What `rmexp compare` is made of."""
