"""Records as token ids: limits, their cache on disk, batches."""
