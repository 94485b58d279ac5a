"""Development environment of the demo, tests and benchmarks; not part of the product."""
