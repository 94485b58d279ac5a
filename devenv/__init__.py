"""What the repository's own demo, tests and benchmarks run on; no part of the product."""
