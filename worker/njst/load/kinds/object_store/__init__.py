"""Clients of object stores."""
