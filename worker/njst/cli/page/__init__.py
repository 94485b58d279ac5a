"""The page of a worker, from the command line."""
