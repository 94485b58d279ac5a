"""The login fields of CONNECT."""

from njst.contract.connection import Connection
from njst.login.credentials import key_of, proof


def login_options(connection: Connection, nonce: str) -> dict[str, str]:
    """Return the login fields of CONNECT; files are read now, so a renewed Secret is used.

    A token may accompany a key, for servers with auth callout.

    Raises:
        LoginError: a file is missing or invalid.
    """
    options: dict[str, str] = {}
    if connection.token:
        options["auth_token"] = connection.token
    key = key_of(connection)
    if key is not None:
        options |= proof(key, nonce)
    elif connection.user:
        options["user"], options["pass"] = connection.user, connection.password
    return options
