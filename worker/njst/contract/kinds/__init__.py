"""The kinds of load that a workload can be: one file for each, with its words and its rules."""
