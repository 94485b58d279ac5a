"""The load engine beside `nats bench`."""
