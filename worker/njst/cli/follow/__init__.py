"""A job while it runs: how a command follows it, and what it shows of it meanwhile."""
