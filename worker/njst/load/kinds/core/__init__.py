"""Clients of core NATS."""
