"""Numbers of runs for tools that track them from run to run. Pure."""
