"""What is measured while training: the rule for ties and the metrics that hold its sums."""
