"""Why there is no cluster."""


class ClusterError(RuntimeError):
    """The cluster cannot be brought up, used or taken down; the text says what went wrong."""
