"""Errors of a cluster."""


class ClusterError(RuntimeError):
    """The cluster cannot be started, used or removed; the message says why."""
