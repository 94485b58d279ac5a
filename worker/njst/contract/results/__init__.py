"""What comes back: tallies, outcomes, reports, statuses."""
