"""NATS contexts: the files in which the `nats` CLI keeps connections and logins.

Source: natscontext of github.com/nats-io/jsm.go. If a context has several logins, the first of
user, creds, nkey, and user_jwt with user_seed is used; a token may accompany it. Paths may contain
`~` and `$NAME`, and a value may be a reference: `file://path`, `env://NAME`, `data:;base64,...`.
"""

import base64
import binascii
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pydantic import ValidationError

from njst.contract.connection import Connection, Tls
from njst.login.credentials import split_creds
from njst.login.login_errors import LoginError, read_file

DEFAULT_URL = "nats://127.0.0.1:4222"
DEFAULT_FOLDER = Path("~/.config/nats/context")

# Features of contexts that njst does not support, and what to do instead.
_UNSUPPORTED = {
    "socks_proxy": "njst connects directly; omit it",
    "nsc": "write the credentials to a file with `nsc generate creds`, and set creds to it",
    "windows_cert_store": "set cert, key and ca to files",
}
_SCHEMES = ("file", "env", "data")
_FOREIGN_SCHEMES = ("op", "nsc")


def read_context(path: Path) -> Connection:
    """Return the connection of a context file.

    Raises:
        LoginError: the file is missing, is not a context, or uses an unsupported feature.
    """
    return connection_of(context_keys(path))


def context_keys(path: Path) -> dict[str, Any]:
    """Return the keys of a context file.

    Raises:
        LoginError: the file is missing or is not a context.
    """
    try:
        data = json.loads(read_file("context", str(path)))
    except ValueError as error:
        raise LoginError("context", f"{path} is not valid JSON: {error}") from None
    if not isinstance(data, dict) or not data.get("url"):
        raise LoginError("context", f"{path} has no url")
    return data


def context_path(name: str, folder: Path) -> Path:
    """Return the file of a context; `name` is its name in `folder`, or a path ending in .json."""
    if name.endswith(".json"):
        return Path(_expanded(name))
    return folder.expanduser() / f"{name}.json"


def connection_of(keys: Mapping[str, Any]) -> Connection:
    """Return the connection that the keys of a context describe.

    Raises:
        LoginError: a value cannot be read, or uses an unsupported feature.
    """
    for key, advice in _UNSUPPORTED.items():
        if keys.get(key):
            raise LoginError(key, f"is not supported; {advice}")
    texts = {key: str(value) for key, value in keys.items() if value not in (None, False)}
    urls = [url.strip() for url in texts.get("url", "").split(",") if url.strip()]
    try:
        return Connection(
            servers=urls or [DEFAULT_URL],
            **_login(texts),
            tls=Tls(
                ca_file=_path(texts, "ca"),
                cert_file=_path(texts, "cert"),
                key_file=_path(texts, "key"),
                first=keys.get("tls_first") is True,
                hostname=texts.get("tls_hostname", ""),
            ),
            domain=texts.get("jetstream_domain", ""),
            api_prefix=texts.get("jetstream_api_prefix", "").removesuffix("."),
            inbox_prefix=texts.get("inbox_prefix", "") or "_INBOX",
        )
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        raise LoginError("url", str(found["msg"]).removeprefix("Value error, ")) from None


def _login(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of the login that is used."""
    token = _literal(texts, "token")
    user = texts.get("user", "")
    if user:
        password = _literal(texts, "password")
        if not password and not token:
            return {"token": user}  # as the CLI's --user
        return {"user": user, "password": password, "token": token}
    if texts.get("creds"):
        return {"token": token, **_creds(texts["creds"])}
    if texts.get("nkey"):
        return {"token": token, **_nkey(texts["nkey"])}
    jwt, seed = _literal(texts, "user_jwt"), _literal(texts, "user_seed")
    if bool(jwt) != bool(seed):
        raise LoginError("user_jwt", "user_jwt and user_seed must be set together")
    return {"token": token, "jwt": jwt, "seed": seed}


def _creds(value: str) -> dict[str, str]:
    if _scheme("creds", value) in ("env", "data"):
        key = split_creds(_inline("creds", value), "the value")
        return {"jwt": key.jwt, "seed": key.seed}
    return {"creds_file": _file(value)}


def _nkey(value: str) -> dict[str, str]:
    if _scheme("nkey", value) in ("env", "data"):
        return {"seed": _inline("nkey", value).strip()}
    return {"nkey_seed_file": _file(value)}


def _literal(texts: Mapping[str, str], key: str) -> str:
    """Return a secret that the context contains or refers to."""
    value = texts.get(key, "")
    scheme = _scheme(key, value)
    is_path = value.startswith(("/", "~/", "$")) and key.startswith("user_")
    if scheme == "file" or is_path:
        return read_file(key, _file(value)).strip()
    return _inline(key, value).strip() if scheme else value


def _path(texts: Mapping[str, str], key: str) -> str:
    value = texts.get(key, "")
    if _scheme(key, value) in ("env", "data"):
        raise LoginError(key, "must be the path of a file")
    return _file(value) if value else ""


def _scheme(key: str, value: str) -> str:
    """Return the scheme of a reference, or "" if the value is not a reference.

    Raises:
        LoginError: the scheme is not supported: op:// or nsc://.
    """
    if value.startswith("data:"):
        return "data"
    scheme, separator, _ = value.partition("://")
    if separator and scheme in _FOREIGN_SCHEMES:
        words = f"{scheme}:// is not supported; use a file, env://NAME or data:;base64,..."
        raise LoginError(key, words)
    return scheme if separator and scheme in _SCHEMES else ""


def _inline(key: str, value: str) -> str:
    """Return the value of an env:// or data: reference."""
    if value.startswith("data:"):
        head, _, payload = value.partition(",")
        if "base64" not in head.split(";"):
            raise LoginError(key, "a data: reference must have ;base64")
        try:
            return base64.b64decode(unquote(payload), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise LoginError(key, "the data: reference is not base64-encoded text") from None
    name = value.removeprefix("env://")
    found = os.environ.get(name)
    if not found:
        raise LoginError(key, f"environment variable {name} is not set")
    return found


def _file(value: str) -> str:
    return _expanded(value.removeprefix("file://"))


def _expanded(path: str) -> str:
    return str(Path(os.path.expandvars(path)).expanduser())
