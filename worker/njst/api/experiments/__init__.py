"""/api/v1/comparisons and /api/v1/experiments."""
