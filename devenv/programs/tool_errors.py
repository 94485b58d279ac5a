"""Why there is no Kubernetes API server."""


class ToolMissingError(RuntimeError):
    """The programs cannot be had from anywhere; the text says what was tried."""


class ArchiveUnavailableError(RuntimeError):
    """The release archive cannot be fetched, or is not the one that was pinned."""
