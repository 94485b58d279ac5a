"""The result as text and JSON. Pure."""
