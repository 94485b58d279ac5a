"""The log, worker discovery and reports on NATS."""
