"""Clients that publish to streams."""
