"""One stage trained by several processes: their parts of each batch, and what they tell each other."""
