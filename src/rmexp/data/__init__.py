"""From records to batches: splits, token ids under one truncation rule, and their account."""
