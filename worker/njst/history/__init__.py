"""When the numbers of a series of runs changed: the run is the unit. Pure."""
