"""Names on NATS and in Kubernetes, built and parsed here alone."""
