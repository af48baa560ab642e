"""One file per verb: a table of contents of what the command does."""
