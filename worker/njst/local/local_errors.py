"""Why a local server could not be had."""


class LocalServerError(RuntimeError):
    """A server is missing, did not start, or did not answer in time; the text says which."""
