"""Programs that are built or downloaded once."""
