"""What the engine takes from its host: clock, cores, files, processes."""
