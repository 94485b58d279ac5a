"""What CONNECT says of who we are."""

from njst.contract.connection import Connection
from njst.login.credentials import key_of, proof


def login_options(connection: Connection, nonce: str) -> dict[str, str]:
    """Return the login's part of CONNECT; files are read now, so a renewed Secret counts.

    A token may go along with a key, for a server that asks an auth callout.

    Raises:
        LoginError: a file is not there, or not what it should be.
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
