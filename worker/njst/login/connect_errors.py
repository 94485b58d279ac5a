"""Why a connection failed, and what to do about it.

All clients use it, so the control NATS, the provisioning of a job and its load report a wrong CA in
the same words.
"""

import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from njst.contract.connection import Connection
from njst.login.credentials import key_of, out_of_date
from njst.login.login_errors import LoginError, UpgradeError

NO_TLS = "the server does not offer TLS, which is required; use nats:// and no certificates"
PLAIN_TEXT = "the server sent plain text where tls_first expects TLS; omit tls_first"
CLOSED = "the server closed the connection"
NO_GREETING = (
    "no greeting received; use tls_first for handshake_first servers, ws:// for websocket ports"
)
# TLS alerts of a server that misses or rejects the client certificate.
_CERTIFICATE_ALERTS = re.compile(
    "ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERT|HANDSHAKE)"
)
_NOT_TLS = re.compile("WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|PACKET_LENGTH|RECORD_LAYER")
# A server limits the time of a login (authorization.timeout, tls.timeout).
_LOGIN_LATE = re.compile("authentication timeout|tls handshake timeout", re.IGNORECASE)
_LATE_ADVICE = (
    "the login took longer than the authorization timeout of the server; the server or this worker"
    " is busy, or the network is slow"
)
_LOGIN = re.compile("authori[sz]ation|authentication|user .*(revoked|expired)", re.IGNORECASE)

# Codes of X509_verify_cert (openssl/x509_vfy.h).
_EXPIRED = 10
_UNKNOWN_CA = (2, 18, 19, 20, 21)
_OTHER_NAME = (62, 64)


@dataclass(frozen=True)
class ConnectFailure:
    """Why no connection was made. `Target` plus `reason_suffix` is the reason of a job.

    `Unreachable`: no NATS server answers; `TlsRefused`: one side rejects the TLS of the other;
    `LoginRefused`: the server rejects the login; `LoginLate`: the login took too long;
    `LoginUnusable`: a file or value of the login is invalid; `Refused`: no websocket upgrade.
    `words` is a message with advice.
    """

    reason_suffix: str
    words: str


def timed_out(connection: Connection) -> str:
    """Return the message of a connect timeout."""
    return f"timed out after {connection.connect_timeout_ms / 1000:g} s"


def or_no_greeting(words: str, connection: Connection, *, greeted: bool) -> str:
    """Return why an attempt ended, with advice if the server has not even sent INFO."""
    is_silent = not greeted and not connection.tls.first and not connection.is_websocket
    return f"{words}; {NO_GREETING}" if is_silent else words


def explain(errors: Sequence[Exception], connection: Connection) -> ConnectFailure:
    """Return why all attempts failed: the first rejection by a server, else that none answers."""
    for error in errors:
        rejection = failure_of(error, connection)
        if rejection is not None:
            return rejection
    words = "; ".join(dict.fromkeys(_words(error, connection) for error in errors))
    return ConnectFailure("Unreachable", f"no answer: {words}")


def _words(error: Exception, connection: Connection) -> str:
    if isinstance(error, TimeoutError) and not str(error):
        return timed_out(connection)
    return _bare(str(error)) or type(error).__name__


def failure_of(error: Exception, connection: Connection) -> ConnectFailure | None:
    """Return the failure of TLS or of the login that an error means; None if it is neither."""
    if isinstance(error.__cause__, LoginError):
        error = error.__cause__
    if isinstance(error, ssl.SSLError):
        return ConnectFailure("TlsRefused", _tls_words(error, connection))
    if isinstance(error, LoginError):
        return ConnectFailure("LoginUnusable", str(error))
    if isinstance(error, UpgradeError):
        return ConnectFailure("Refused", str(error))
    if str(error).endswith(NO_TLS):
        return ConnectFailure("TlsRefused", NO_TLS)
    return _login_rejection(str(error), connection)


def _login_rejection(words: str, connection: Connection) -> ConnectFailure | None:
    if _LOGIN_LATE.search(words):
        return ConnectFailure("LoginLate", f"{_bare(words)}; {_LATE_ADVICE}")
    if _LOGIN.search(words):
        return ConnectFailure("LoginRefused", f"{_bare(words)}; {login_advice(connection)}")
    return None


def login_advice(connection: Connection) -> str:
    """Return what may be wrong with a login that a server rejected, without any secret."""
    try:
        key = key_of(connection)
    except LoginError as error:
        return str(error)
    if key is None:
        return _account_advice(connection)
    if not key.jwt:
        return "the server has no user with this NKey"
    late = out_of_date(key, datetime.now(UTC))
    return late or "the resolver of the server does not know or trust the user JWT"


def _account_advice(connection: Connection) -> str:
    if connection.token:
        return "the server does not accept this token"
    if connection.user:
        return f"the server has no user {connection.user!r} with this password"
    if connection.tls.cert_file:
        return "the server has no user with this client certificate"
    return "the server requires a login; set user and password, token, creds or nkey"


def _tls_words(error: ssl.SSLError, connection: Connection) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _verify_words(error)
    reason = error.reason or ""
    if _CERTIFICATE_ALERTS.search(reason):
        has = (
            "does not accept the client certificate"
            if connection.tls.cert_file
            else ("requires a client certificate; set cert and key")
        )
        return f"the server {has} ({reason.lower().replace('_', ' ')})"
    if _NOT_TLS.search(reason):
        return PLAIN_TEXT if connection.tls.first else "the server sent plain text instead of TLS"
    return f"TLS failed: {reason.lower().replace('_', ' ') or 'the connection ended'}"


def _verify_words(error: ssl.SSLCertVerificationError) -> str:
    words = f"the certificate of the server was rejected: {error.verify_message}"
    if error.verify_code == _EXPIRED:
        return f"{words}; renew it on the server"
    if error.verify_code in _UNKNOWN_CA:
        return f"{words}; set ca to the CA that signed it"
    if error.verify_code in _OTHER_NAME:
        return f"{words}; use one of its names in the URL or as tls_hostname"
    return words


def _bare(words: str) -> str:
    return words.removeprefix("nats: ").strip("'\" ")
