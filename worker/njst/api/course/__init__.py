"""The course of jobs over HTTP: series, and server-sent events."""
