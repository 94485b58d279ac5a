"""Whether runs differ: the run is the unit. Pure."""
