"""The log, worker discovery and the report store on NATS."""
