"""The commands that compare jobs and run experiments."""
