"""What a job needs on its target: made before the load, removed after it."""
