"""How this replica is doing: health and metrics."""
