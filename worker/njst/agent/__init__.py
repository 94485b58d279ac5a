"""What a worker does with the views of its jobs."""
