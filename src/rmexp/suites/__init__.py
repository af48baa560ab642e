"""How public benchmarks sum themselves up."""
