"""A connection's TLS settings as an SSL context. Certificates and names are always verified."""

import ssl
from pathlib import Path

from njst.contract.connection import Tls
from njst.login.login_errors import LoginError, read_file


def tls_context(tls: Tls) -> ssl.SSLContext:
    """Return a client's context; without a CA of its own it trusts those of the host.

    Raises:
        LoginError: a file is not there, or is no certificate or key.
    """
    try:
        context = ssl.create_default_context(cafile=_there("ca", tls.ca_file))
    except ssl.SSLError:
        raise LoginError("ca", f"{tls.ca_file} has no certificate in PEM format") from None
    # The oldest that nats-server itself speaks.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if bool(tls.cert_file) != bool(tls.key_file):
        raise LoginError("cert", "cert and key go together; one is missing")
    if tls.cert_file:
        _load_own(context, tls)
    return context


def _load_own(context: ssl.SSLContext, tls: Tls) -> None:
    _there("cert", tls.cert_file)
    _there("key", tls.key_file)
    try:
        # A password asked for on a terminal would hang: an encrypted key is refused instead.
        context.load_cert_chain(tls.cert_file, tls.key_file, password=lambda: b"")
    except ssl.SSLError as error:
        words = (
            "the key is not that of the certificate"
            if error.reason == "KEY_VALUES_MISMATCH"
            else "no certificate with a plain key in PEM format"
        )
        raise LoginError("cert", f"{tls.cert_file}, {tls.key_file}: {words}") from None


def _there(option: str, path: str) -> str | None:
    """Return the path of a file that can be read; None for no path."""
    if not path:
        return None
    read_file(option, path)
    return path


class TlsContexts:
    """A context for all clients of a process, made anew when one of its files has changed.

    To read the host's CAs takes some 10 ms, which a process with many clients cannot spend on each.
    """

    def __init__(self, tls: Tls) -> None:
        self._tls = tls
        self._files = (tls.ca_file, tls.cert_file, tls.key_file)
        self._made: ssl.SSLContext | None = None
        self._of: list[tuple[int, ...]] = []

    def get(self) -> ssl.SSLContext:
        """Return the context for a login that begins now.

        Raises:
            LoginError: see `tls_context`.
        """
        now = [_version(path) for path in self._files]
        if self._made is None or now != self._of:
            self._made, self._of = tls_context(self._tls), now
        return self._made


def _version(path: str) -> tuple[int, ...]:
    """Return what changes when a file is written or a mounted Secret is renewed."""
    try:
        found = Path(path).stat()
    except OSError:
        return ()
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
