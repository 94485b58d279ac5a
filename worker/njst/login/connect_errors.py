"""Why a server and a client did not come together, in words that say what to do.

All clients ask here, so a wrong CA is told the same way by the control NATS, the set-up of a job
and its load.
"""

import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from njst.contract.connection import Connection
from njst.login.credentials import key_of, out_of_date
from njst.login.login_errors import LoginError, UpgradeError

NO_TLS = "the server offers no TLS, which is wanted here; use nats:// and no certificates"
PLAIN_TEXT = "it answers in plain text where TLS is wanted first; leave out tls_first"
CLOSED = "the server closed the connection"
MUTE = "it said nothing; a server with handshake_first needs tls_first, a websocket port ws://"
# What it looks like when a server hangs up on a client certificate that it misses or dislikes.
_CERTIFICATE_ALERTS = re.compile(
    "ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERT|HANDSHAKE)"
)
_NOT_TLS = re.compile("WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|PACKET_LENGTH|RECORD_LAYER")
# A server gives every client so much time to log in (authorization.timeout, tls.timeout).
_LOGIN_LATE = re.compile("authentication timeout|tls handshake timeout", re.IGNORECASE)
_LATE_ADVICE = (
    "the login took longer than the server allows (its authorization timeout); the server or this"
    " worker is busy, or the line is long"
)
_LOGIN = re.compile("authori[sz]ation|authentication|user .*(revoked|expired)", re.IGNORECASE)

# Codes of X509_verify_cert (openssl/x509_vfy.h).
_EXPIRED = 10
_UNKNOWN_CA = (2, 18, 19, 20, 21)
_OTHER_NAME = (62, 64)


@dataclass(frozen=True)
class ConnectFailure:
    """A kind, and words that say what to do; with `Target` before it the kind is a job's reason.

    `Unreachable`: no server answers as one; `TlsRefused`: one side does not accept the other's TLS;
    `LoginRefused`: the server does not know the user; `LoginLate`: it did not wait for the login;
    `LoginUnusable`: a file or value here is no login; `Refused`: it gives no websocket.
    """

    kind: str
    words: str


def timed_out(connection: Connection) -> str:
    """Return how long a server was waited for, in words."""
    return f"timed out after {connection.connect_timeout_ms / 1000:g} s"


def or_no_greeting(words: str, connection: Connection, *, greeted: bool) -> str:
    """Return what ended an attempt, and of a server that did not even greet what may be wrong."""
    is_mute = not greeted and not connection.tls.first and not connection.is_websocket
    return f"{words}; {MUTE}" if is_mute else words


def explain(errors: Sequence[Exception], connection: Connection) -> ConnectFailure:
    """Return why no server took this client: what one of them refused, else that none answers."""
    for error in errors:
        refusal = failure_of(error, connection)
        if refusal is not None:
            return refusal
    words = "; ".join(dict.fromkeys(_words(error, connection) for error in errors))
    return ConnectFailure("Unreachable", f"no answer: {words}")


def _words(error: Exception, connection: Connection) -> str:
    if isinstance(error, TimeoutError) and not str(error):
        return timed_out(connection)
    return _bare(str(error)) or type(error).__name__


def failure_of(error: Exception, connection: Connection) -> ConnectFailure | None:
    """Return what an error while connecting says of TLS or of the login; None: of neither."""
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
    return _login_refusal(str(error), connection)


def _login_refusal(words: str, connection: Connection) -> ConnectFailure | None:
    if _LOGIN_LATE.search(words):
        return ConnectFailure("LoginLate", f"{_bare(words)}; {_LATE_ADVICE}")
    if _LOGIN.search(words):
        return ConnectFailure("LoginRefused", f"{_bare(words)}; {login_advice(connection)}")
    return None


def login_advice(connection: Connection) -> str:
    """Return what may be wrong with a login that a server refused; no secret is in it."""
    try:
        key = key_of(connection)
    except LoginError as error:
        return str(error)
    if key is None:
        return _account_advice(connection)
    if not key.jwt:
        return "no user of the server has this NKey"
    late = out_of_date(key, datetime.now(UTC))
    return late or "the server's resolver does not know or not trust the user JWT"


def _account_advice(connection: Connection) -> str:
    if connection.token:
        return "the token is not the server's"
    if connection.user:
        return f"no user {connection.user!r} with this password"
    if connection.tls.cert_file:
        return "no user of the server has this client certificate"
    return "it wants a login; give user and password, a token, creds or an NKey"


def _tls_words(error: ssl.SSLError, connection: Connection) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _verify_words(error)
    reason = error.reason or ""
    if _CERTIFICATE_ALERTS.search(reason):
        has = (
            "does not accept the client certificate"
            if connection.tls.cert_file
            else ("wants a client certificate; give cert and key")
        )
        return f"the server {has} ({reason.lower().replace('_', ' ')})"
    if _NOT_TLS.search(reason):
        return PLAIN_TEXT if connection.tls.first else "it answers in plain text where TLS begins"
    return f"TLS failed: {reason.lower().replace('_', ' ') or 'the connection ended'}"


def _verify_words(error: ssl.SSLCertVerificationError) -> str:
    words = f"the server's certificate is not accepted: {error.verify_message}"
    if error.verify_code == _EXPIRED:
        return f"{words}; it must be renewed there"
    if error.verify_code in _UNKNOWN_CA:
        return f"{words}; name the CA that signed it with ca"
    if error.verify_code in _OTHER_NAME:
        return f"{words}; use a name that it has, in the URL or as tls_hostname"
    return words


def _bare(words: str) -> str:
    return words.removeprefix("nats: ").strip("'\" ")
