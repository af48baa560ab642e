"""What summary.json holds, one file a verb."""
