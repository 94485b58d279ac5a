"""How the load of a job ends: early, by a threshold, and in its report."""
