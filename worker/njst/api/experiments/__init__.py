"""/api/v1/comparisons, /api/v1/experiments and /api/v1/baselines."""
