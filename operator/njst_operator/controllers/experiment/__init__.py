"""The NjstExperiment controller."""
