"""The SSL context of a connection. Certificates and host names are always verified."""

import ssl
from pathlib import Path

from njst.contract.connection import Tls
from njst.login.login_errors import LoginError, read_file


def tls_context(tls: Tls) -> ssl.SSLContext:
    """Return the context of a client; without a CA file it trusts the CAs of the host.

    Raises:
        LoginError: a file is missing, or is not a certificate or key.
    """
    try:
        context = ssl.create_default_context(cafile=_there("ca", tls.ca_file))
    except ssl.SSLError:
        raise LoginError("ca", f"{tls.ca_file} has no certificate in PEM format") from None
    # The oldest version that nats-server supports.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if bool(tls.cert_file) != bool(tls.key_file):
        raise LoginError("cert", "cert and key must be set together")
    if tls.cert_file:
        _load_own(context, tls)
    return context


def _load_own(context: ssl.SSLContext, tls: Tls) -> None:
    _there("cert", tls.cert_file)
    _there("key", tls.key_file)
    try:
        # OpenSSL would prompt for the password of an encrypted key, and hang; reject such a key.
        context.load_cert_chain(tls.cert_file, tls.key_file, password=lambda: b"")
    except ssl.SSLError as error:
        words = (
            "the key does not belong to the certificate"
            if error.reason == "KEY_VALUES_MISMATCH"
            else "not a certificate and an unencrypted key in PEM format"
        )
        raise LoginError("cert", f"{tls.cert_file}, {tls.key_file}: {words}") from None


def _there(option: str, path: str) -> str | None:
    """Return the path after checking that the file can be read; None if there is no path."""
    if not path:
        return None
    read_file(option, path)
    return path


class TlsContexts:
    """The context that all clients of a process share, renewed when one of its files changes.

    Loading the CAs of the host takes about 10 ms, too much for each of many clients.
    """

    def __init__(self, tls: Tls) -> None:
        self._tls = tls
        self._files = (tls.ca_file, tls.cert_file, tls.key_file)
        self._made: ssl.SSLContext | None = None
        self._of: list[tuple[int, ...]] = []

    def get(self) -> ssl.SSLContext:
        """Return the context of a login that begins now.

        Raises:
            LoginError: see `tls_context`.
        """
        now = [file_version(path) for path in self._files]
        if self._made is None or now != self._of:
            self._made, self._of = tls_context(self._tls), now
        return self._made


def file_version(path: Path | str) -> tuple[int, ...]:
    """Return a value that changes when the file is written or its Secret renewed.

    It is empty while there is no file.
    """
    try:
        found = Path(path).stat()
    except OSError:
        return ()
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
