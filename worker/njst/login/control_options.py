"""The options of the control connection, shared by the worker and the operator.

Names and environment variables are those of the `nats` CLI. An option takes precedence over its
variable, and both over the same field of a context.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from njst.contract.connection import Connection
from njst.login.nats_context import DEFAULT_FOLDER, connection_of, context_keys, context_path


@dataclass(frozen=True)
class Option:
    """An option: its key in a context, its flags, and its variables; the first that is set wins."""

    key: str
    flags: tuple[str, ...]
    variables: tuple[str, ...]
    help: str


OPTIONS = (
    Option(
        "url",
        ("--nats", "--server", "-s"),
        ("NJST_NATS", "NATS_URL"),
        "Control NATS URLs, comma separated (default: nats://127.0.0.1:4222).",
    ),
    Option(
        "context",
        ("--context",),
        ("NATS_CONTEXT",),
        "NATS context: its name or the path of its file.",
    ),
    Option("user", ("--user",), ("NJST_NATS_USER", "NATS_USER"), "User name or token."),
    Option("password", ("--password",), ("NJST_NATS_PASSWORD", "NATS_PASSWORD"), "Password."),
    Option("token", ("--token",), ("NJST_NATS_TOKEN", "NATS_TOKEN"), "Token."),
    Option(
        "creds", ("--creds",), ("NATS_CREDS",), "Credentials file with a user JWT and its seed."
    ),
    Option("nkey", ("--nkey",), ("NATS_NKEY",), "File with an NKey seed."),
    Option("user_jwt", ("--jwt",), ("NATS_JWT",), "User JWT, or a file with it; requires --seed."),
    Option("user_seed", ("--seed",), ("NATS_SEED",), "Seed for --jwt, or a file with it."),
    Option("cert", ("--tlscert",), ("NATS_CERT",), "Client certificate file."),
    Option("key", ("--tlskey",), ("NATS_KEY",), "Private key file of the client certificate."),
    Option("ca", ("--tlsca",), ("NATS_CA",), "CA file to verify the servers."),
    Option(
        "tls_hostname",
        ("--tlsname",),
        ("NJST_TLS_NAME",),
        "Server name expected in the certificate.",
    ),
    Option(
        "tls_first",
        ("--tlsfirst",),
        ("NJST_TLS_FIRST",),
        "true: TLS handshake before INFO (handshake_first).",
    ),
    Option("jetstream_domain", ("--js-domain",), ("NJST_JS_DOMAIN",), "JetStream domain."),
    Option(
        "jetstream_api_prefix",
        ("--js-api-prefix",),
        ("NJST_JS_API_PREFIX",),
        "JetStream API prefix.",
    ),
    Option("inbox_prefix", ("--inbox-prefix",), ("NJST_INBOX_PREFIX",), "Inbox prefix."),
)


def control_connection(
    given: Mapping[str, str], *, name: str, contexts: Path = DEFAULT_FOLDER
) -> Connection:
    """Return the control connection.

    Args:
        given: values of OPTIONS by their keys; "" means not given.
        name: the connection name that servers show.
        contexts: the folder in which contexts are looked up by name.

    Raises:
        LoginError: an option or the context is invalid.
    """
    values = {key: value for key, value in given.items() if value}
    context = values.pop("context", "")
    keys = context_keys(context_path(context, contexts)) if context else {}
    keys |= values
    if "tls_first" in values:
        keys["tls_first"] = values["tls_first"].lower() in ("1", "true", "yes")
    return connection_of(keys).model_copy(update={"name": name})


def from_environment(option: Option) -> str:
    """Return the value of an option in the environment, or ""."""
    return next((os.environ[v] for v in option.variables if os.environ.get(v)), "")
