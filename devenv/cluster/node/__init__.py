"""The node and its sandbox."""
