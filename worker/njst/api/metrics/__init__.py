"""Metrics of a worker for Prometheus: its own share of the load, and the jobs of its mesh."""
