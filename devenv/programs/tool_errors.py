"""Errors of fetching programs."""


class ToolMissingError(RuntimeError):
    """The programs cannot be obtained; the message says what was tried."""


class ArchiveUnavailableError(RuntimeError):
    """The release archive cannot be downloaded, or its checksum is wrong."""
