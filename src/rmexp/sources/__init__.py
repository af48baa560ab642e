"""Sources: text in, preference records out; no tokenizer, no torch."""
