"""The words of njst as models: what goes over HTTP, NATS and Kubernetes. No I/O."""
