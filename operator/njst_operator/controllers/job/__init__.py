"""The NjstJob controller."""
