"""From the spec of an experiment to the specs of its trials."""
