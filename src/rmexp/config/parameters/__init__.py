"""What a part may be given: its parameters as their file has them, and what their annotations allow."""
