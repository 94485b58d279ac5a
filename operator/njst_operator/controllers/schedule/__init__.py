"""The NjstSchedule controller."""
