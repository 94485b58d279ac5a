"""Clients that consume from streams."""
