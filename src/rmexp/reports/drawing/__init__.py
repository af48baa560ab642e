"""How every page is drawn: plots, numbers, text made harmless."""
