"""Workloads as state machines without I/O: what to send next, and what an answer means."""
