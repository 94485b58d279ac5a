"""The sidecar that mirrors NjstJob resources into jobs, and their results into the resources."""
