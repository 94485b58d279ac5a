"""Incoming frames, scanned many at once."""
