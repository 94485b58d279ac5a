"""Outgoing frames, prebuilt."""
