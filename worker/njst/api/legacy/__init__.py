"""The original's /bench API."""
