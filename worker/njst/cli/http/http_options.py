"""The options of the HTTP API that a worker serves."""

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from njst.api.access.authorizer import Authorizer
from njst.api.access.guarded import Access
from njst.api.access.host_names import HostNames
from njst.api.access.kubernetes_review import (
    SERVICE_ACCOUNT,
    KubernetesReview,
    in_cluster_server,
)
from njst.api.access.token_file import TokenFile
from njst.api.server_tls import ServerTls
from njst.cli.shared_options import Command, expanded

_Made = TypeVar("_Made")


class AuthMode(StrEnum):
    """How the HTTP API knows its users."""

    NONE = "none"
    TOKEN_FILE = "token-file"  # noqa: S105 - the name of a mode
    KUBERNETES = "kubernetes"


@dataclass(frozen=True)
class HttpSettings:
    """The address of the HTTP API, who may use it, and how; port 0 picks a free port."""

    host: str
    port: int
    access: Access
    tls: ServerTls | None = None


def with_http(command: Command) -> Command:
    """Give a command the options of the HTTP API that it serves, in its parameter `http`."""
    names = inspect.signature(_settings).parameters

    def call(**given: Any) -> None:
        http = _settings(**{name: given.pop(name) for name in names})
        command(http=http, **given)

    return expanded(command, "http", [*names.values()], call)


def _settings(
    http: Annotated[
        str,
        typer.Option(
            envvar="NJST_HTTP",
            help="Address of the HTTP API. Without a host (`:5000`) it listens on all addresses,"
            " IPv4 and IPv6; port 0 picks a free port.",
        ),
    ] = "127.0.0.1:5000",
    http_allow_host: Annotated[
        str,
        typer.Option(
            envvar="NJST_HTTP_ALLOW_HOSTS",
            help="Names by which the HTTP API is asked, such as that of an Ingress: NAME, *.NAME or"
            " * for any, comma separated. Addresses, names without a dot, and *.svc and"
            " *.cluster.local are always allowed.",
        ),
    ] = "",
    http_auth: Annotated[
        AuthMode,
        typer.Option(
            envvar="NJST_HTTP_AUTH",
            help="Who may use the HTTP API: none: everybody; token-file: owners of the tokens in"
            " --http-tokens; kubernetes: users of the cluster, by their rights on njstjobs in the"
            " namespace of the worker.",
        ),
    ] = AuthMode.NONE,
    http_tokens: Annotated[
        Path | None,
        typer.Option(
            envvar="NJST_HTTP_TOKENS",
            help="File with a line for each user: NAME, view or edit, TOKEN. It is read again when"
            " it changes.",
        ),
    ] = None,
    http_audience: Annotated[
        str,
        typer.Option(
            envvar="NJST_HTTP_AUDIENCE",
            help="With --http-auth kubernetes: audiences for one of which a token must be made,"
            " comma separated.",
        ),
    ] = "njst",
    http_read_only: Annotated[
        bool,
        typer.Option(
            "--http-read-only",
            envvar="NJST_HTTP_READ_ONLY",
            help="Refuse all HTTP requests that change something.",
        ),
    ] = False,
    http_cert: Annotated[
        Path | None,
        typer.Option(
            envvar="NJST_HTTP_CERT",
            help="Certificate of the HTTP API in PEM format, with its chain: it is served over TLS."
            " A renewed file counts for the next connection.",
        ),
    ] = None,
    http_key: Annotated[
        Path | None,
        typer.Option(envvar="NJST_HTTP_KEY", help="Private key of --http-cert, unencrypted."),
    ] = None,
) -> HttpSettings:
    """Return the settings that options describe.

    Raises:
        typer.BadParameter: an option is invalid.
    """
    host, colon, port = http.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65_535:
        raise typer.BadParameter("must be host:port", param_hint="--http")
    access = Access(
        hosts=_valid("--http-allow-host", lambda: HostNames(split_list(http_allow_host))),
        authorizer=_authorizer(http_auth, http_tokens, split_list(http_audience)),
        is_read_only=http_read_only,
    )
    return HttpSettings(host, int(port), access, _tls(http_cert, http_key))


def _tls(cert: Path | None, key: Path | None) -> ServerTls | None:
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        words = "--http-cert and --http-key must be set together"
        raise typer.BadParameter(words, param_hint="--http-cert")
    return _valid("--http-cert", lambda: ServerTls(cert, key))


def _authorizer(
    mode: AuthMode, tokens: Path | None, audiences: tuple[str, ...]
) -> Authorizer | None:
    if (mode is AuthMode.TOKEN_FILE) != (tokens is not None):
        words = "--http-auth token-file and --http-tokens FILE must be set together"
        raise typer.BadParameter(words, param_hint="--http-tokens")
    if tokens is not None:
        return _valid("--http-tokens", lambda: TokenFile(tokens))
    if mode is AuthMode.NONE:
        return None
    if not audiences:
        raise typer.BadParameter("must name an audience", param_hint="--http-audience")
    return _valid("--http-auth kubernetes", lambda: _review(audiences))


def _review(audiences: tuple[str, ...]) -> KubernetesReview:
    return KubernetesReview(in_cluster_server(os.environ), SERVICE_ACCOUNT, audiences)


def _valid(option: str, make: Callable[[], _Made]) -> _Made:
    """Return what `make` makes of the value of an option.

    Raises:
        typer.BadParameter: the value is invalid.
    """
    try:
        return make()
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


def split_list(text: str) -> tuple[str, ...]:
    """Return the parts of a comma-separated text that are not empty."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
