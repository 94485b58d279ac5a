"""njst: a leaderless, distributed load tester for NATS JetStream."""

__version__ = "0.1.0"
