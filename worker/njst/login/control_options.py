"""Options of the control connection, with the names and variables that the `nats` CLI has.

The worker and the operator take the same ones. An option wins over its variable, and both over the
same field of a context.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from njst.contract.connection import Connection
from njst.login.nats_context import DEFAULT_FOLDER, connection_of, context_keys, context_path


@dataclass(frozen=True)
class Option:
    """One option; its key in a context, its names, its variables, the first that is set wins."""

    key: str
    flags: tuple[str, ...]
    variables: tuple[str, ...]
    help: str


OPTIONS = (
    Option(
        "url",
        ("--nats", "--server", "-s"),
        ("NJST_NATS", "NATS_URL"),
        "Control NATS, comma separated; nats://127.0.0.1:4222.",
    ),
    Option("context", ("--context",), ("NATS_CONTEXT",), "A NATS context, or a path to one."),
    Option("user", ("--user",), ("NJST_NATS_USER", "NATS_USER"), "User name, or a token."),
    Option("password", ("--password",), ("NJST_NATS_PASSWORD", "NATS_PASSWORD"), "Password."),
    Option("token", ("--token",), ("NJST_NATS_TOKEN", "NATS_TOKEN"), "Token."),
    Option("creds", ("--creds",), ("NATS_CREDS",), "File with user JWT and seed."),
    Option("nkey", ("--nkey",), ("NATS_NKEY",), "File with the seed of an NKey."),
    Option("user_jwt", ("--jwt",), ("NATS_JWT",), "User JWT, or file with it; needs --seed."),
    Option("user_seed", ("--seed",), ("NATS_SEED",), "Seed for --jwt, or file with it."),
    Option("cert", ("--tlscert",), ("NATS_CERT",), "File with the client certificate."),
    Option("key", ("--tlskey",), ("NATS_KEY",), "File with its key."),
    Option("ca", ("--tlsca",), ("NATS_CA",), "File with the CA of the servers."),
    Option("tls_hostname", ("--tlsname",), ("NJST_TLS_NAME",), "Name in their certificate."),
    Option("tls_first", ("--tlsfirst",), ("NJST_TLS_FIRST",), "TLS before the greeting: true."),
    Option("jetstream_domain", ("--js-domain",), ("NJST_JS_DOMAIN",), "JetStream domain."),
    Option(
        "jetstream_api_prefix", ("--js-api-prefix",), ("NJST_JS_API_PREFIX",), "JetStream prefix."
    ),
    Option("inbox_prefix", ("--inbox-prefix",), ("NJST_INBOX_PREFIX",), "Prefix of inboxes."),
)
BY_KEY = {option.key: option for option in OPTIONS}


def control_connection(
    given: Mapping[str, str], *, name: str, contexts: Path = DEFAULT_FOLDER
) -> Connection:
    """Return the control connection.

    Args:
        given: values of OPTIONS by their keys; empty ones count as not given.
        name: shown by the servers.
        contexts: where contexts are looked up by their name.

    Raises:
        LoginError: what is given cannot be used, or the context cannot.
    """
    values = {key: value for key, value in given.items() if value}
    context = values.pop("context", "")
    keys = context_keys(context_path(context, contexts)) if context else {}
    keys |= values
    if "tls_first" in values:
        keys["tls_first"] = values["tls_first"].lower() in ("1", "true", "yes")
    return connection_of(keys).model_copy(update={"name": name})


def from_environment(option: Option) -> str:
    """Return what the environment says of an option."""
    return next((os.environ[v] for v in option.variables if os.environ.get(v)), "")
