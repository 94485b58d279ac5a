"""Clients that read with direct gets."""
