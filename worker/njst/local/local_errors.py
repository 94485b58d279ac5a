"""Errors of local servers."""


class LocalServerError(RuntimeError):
    """A server is not installed, did not start, or did not answer in time; the text says which."""
