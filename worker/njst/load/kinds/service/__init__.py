"""Clients of the micro protocol (ADR-32)."""
