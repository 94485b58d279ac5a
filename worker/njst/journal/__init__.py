"""The job log on JetStream, the projection of its events, and the operations on jobs."""
