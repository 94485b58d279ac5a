"""From bytes to checked models."""
