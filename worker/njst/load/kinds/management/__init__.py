"""Clients whose load is JetStream API calls."""
