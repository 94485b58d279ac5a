"""Comparisons and experiments as text."""
