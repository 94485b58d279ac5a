"""Benchmarks against peers: speed as a ratio within one run; no test measures absolute time."""
