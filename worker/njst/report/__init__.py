"""A report as text for a terminal, and its exports. Pure."""
