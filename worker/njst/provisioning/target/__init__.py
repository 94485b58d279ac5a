"""The target: its connection, its API, and whether a job may use it."""
