"""What public benchmarks of reward models make of scores: one function each, with its own rules for ties."""
