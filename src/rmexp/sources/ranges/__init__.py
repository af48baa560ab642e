"""Files of plain lines in parts, which several processes read side by side to what one would read."""
