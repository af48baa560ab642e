"""What was read of large files, kept for other runs."""
