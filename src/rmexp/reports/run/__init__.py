"""The page of one run of training: what it came to, its curves, its held-out pairs."""
