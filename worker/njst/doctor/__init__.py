"""Checks of an installation, which change nothing: its host, control NATS, mesh and targets."""
