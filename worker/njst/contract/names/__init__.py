"""Names on NATS and in Kubernetes; they are built and parsed only here."""
