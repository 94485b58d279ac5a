"""NKeys and user JWTs: the fields of CONNECT that authenticate a user.

Files are read at each login, so the next login uses a Secret that was renewed. Source: NATS client
protocol, CONNECT (jwt, nkey, sig); ADR-14 for creds files.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from njst.contract.connection import Connection
from njst.login.login_errors import LoginError, read_file

# The delimiters of a .creds file: at least three dashes on both sides, as jwt.FormatUserConfig.
_ARMOUR = re.compile(r"-{3,}BEGIN ([A-Z ]+)-{3,}\s+(\S+)\s+-{3,}END [A-Z ]+-{3,}")
_JWT, _SEED = "NATS USER JWT", "USER NKEY SEED"


@dataclass(frozen=True)
class Key:
    """The seed of a user and its JWT; without a JWT the server is configured with the NKey."""

    seed: str = field(repr=False)
    jwt: str = field(default="", repr=False)


def key_of(connection: Connection) -> Key | None:
    """Return the key of a login, or None if the login has none.

    Raises:
        LoginError: a file is missing, or has no valid seed or JWT.
    """
    if connection.creds_file:
        return _from_creds(connection.creds_file)
    if connection.nkey_seed_file:
        seed = read_file("nkey", connection.nkey_seed_file).strip()
        return _checked("nkey", connection.nkey_seed_file, Key(seed))
    if connection.jwt and not connection.seed:
        raise LoginError("user_jwt", "user_jwt and user_seed must be set together")
    if connection.seed:
        return _checked(
            "user_seed", "the value", Key(connection.seed.strip(), connection.jwt.strip())
        )
    return None


def _from_creds(path: str) -> Key:
    return split_creds(read_file("creds", path), path)


def split_creds(text: str, where: str) -> Key:
    """Return the key in the text of a .creds file.

    Raises:
        LoginError: the text has no JWT with its seed; `where` names it in the message.
    """
    parts = dict(_ARMOUR.findall(text))
    if _JWT not in parts or _SEED not in parts:
        raise LoginError("creds", f"{where} has no NATS user JWT with its seed")
    return _checked("creds", where, Key(parts[_SEED], parts[_JWT]))


def _checked(option: str, where: str, key: Key) -> Key:
    import nkeys  # noqa: PLC0415 - its import costs each load process 30 ms of CPU

    try:
        pair = nkeys.from_seed(bytearray(key.seed.encode()))
        is_user = pair.public_key.startswith(b"U")
    except (nkeys.NkeysError, ValueError, binascii.Error):
        is_user = False
    if not is_user:
        raise LoginError(option, f"{where} is not a user seed, which begins with SU")
    return key


def proof(key: Key, nonce: str) -> dict[str, str]:
    """Return the CONNECT fields that answer the nonce of a server."""
    import nkeys  # noqa: PLC0415

    pair = nkeys.from_seed(bytearray(key.seed.encode()))
    options = {"sig": _base64(pair.sign(nonce.encode()))}
    if key.jwt:
        options["jwt"] = key.jwt
    else:
        options["nkey"] = pair.public_key.decode()
    return options


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def out_of_date(key: Key, now: datetime) -> str:
    """Return why a JWT is not valid at this time, or "" if its claims do not tell."""
    try:
        claims = key.jwt.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        ends, begins = int(said.get("exp") or 0), int(said.get("nbf") or 0)
    except (IndexError, ValueError, TypeError, AttributeError):
        return ""
    if ends and ends <= now.timestamp():
        return f"the user JWT expired at {_words(ends)}; mount a new one"
    if begins > now.timestamp():
        return f"the user JWT is not valid before {_words(begins)}"
    return ""


def _words(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
