"""The planner of each kind of workload."""
