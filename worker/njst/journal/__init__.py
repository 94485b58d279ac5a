"""The job log on JetStream, and the pure fold from events to views."""
