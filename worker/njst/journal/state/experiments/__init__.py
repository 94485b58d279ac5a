"""The state of experiments: the projection of their events."""
