"""What NjstJobs and NjstExperiments have in common: resources that become an entry of the log."""
