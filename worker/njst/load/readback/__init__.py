"""Reads stored messages back after the load."""
