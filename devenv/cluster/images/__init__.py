"""Container images without a daemon."""
