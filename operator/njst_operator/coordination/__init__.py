"""Replicas without a leader."""
