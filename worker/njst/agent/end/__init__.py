"""How a job ends: its course and its report."""
