"""Controllers: changes that the watch, the lists and the job log show are reconciled."""
