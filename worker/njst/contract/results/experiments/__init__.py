"""The status of an NjstExperiment."""
