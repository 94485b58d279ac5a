"""TLS of the HTTP server, with a certificate that may be renewed at any time."""

import logging
import ssl
from pathlib import Path

from njst.login.tls_context import file_version

_log = logging.getLogger(__name__)


class ServerTls:
    """The certificate and key of a server; each handshake takes the files as they are then.

    There is no timer: a Secret that was renewed is seen by the next connection.
    """

    def __init__(self, cert: Path, key: Path) -> None:
        """Read both files.

        Raises:
            ValueError: one is missing, or they are not a certificate and its key.
        """
        self._cert, self._key = cert, key
        self._versions = self._present_versions()
        self._newest = self._load()

    def listener_context(self) -> ssl.SSLContext:
        """Return the context for a listener: it has no certificate but leads to the newest one."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = self._take_newest
        return context

    def _take_newest(
        self, connection: ssl.SSLObject, _server_name: str | None, _context: ssl.SSLContext
    ) -> None:
        """Give a connection the newest certificate; OpenSSL calls this for each first message."""
        versions = self._present_versions()
        if versions != self._versions:
            self._versions = versions
            # The kubelet renews both files at once; other tools may have written only one yet.
            try:
                self._newest = self._load()
            except ValueError as error:
                _log.warning("the renewed certificate is not used: %s", error)
        connection.context = self._newest

    def _present_versions(self) -> tuple[tuple[int, ...], ...]:
        return (file_version(self._cert), file_version(self._key))

    def _load(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        for path in (self._cert, self._key):
            _require(path)
        try:
            # OpenSSL would prompt for the password of an encrypted key, and hang: reject it.
            context.load_cert_chain(self._cert, self._key, password=lambda: b"")
        except ssl.SSLError as error:
            words = (
                "the key does not belong to the certificate"
                if error.reason == "KEY_VALUES_MISMATCH"
                else "not a certificate and an unencrypted key in PEM format"
            )
            raise ValueError(f"{self._cert}, {self._key}: {words}") from None
        return context


def _require(path: Path) -> None:
    try:
        path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
