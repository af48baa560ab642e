"""Training prompts in what is evaluated on: found, counted, left out on request."""
