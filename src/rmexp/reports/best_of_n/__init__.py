"""The page of best-of-n."""
