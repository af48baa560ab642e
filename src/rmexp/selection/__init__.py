"""A reward model put to work: what is sampled, picked and kept by it."""
