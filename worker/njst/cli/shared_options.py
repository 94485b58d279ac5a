"""Options that commands share: a group is declared once, and a command names one parameter.

typer reads options from the signature of a function, so a decorator puts the options of a group
in the place of that parameter.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Annotated, Any

import typer

from njst.cli.api_client import ApiClient

DEFAULT_API = "http://127.0.0.1:5000"
Command = Callable[..., None]


def with_client(command: Command) -> Command:
    """Give a command the options that lead to a mesh, and a client of its API as `client`."""

    names = inspect.signature(_open_client).parameters

    def call(**given: Any) -> None:
        with _open_client(**{name: given.pop(name) for name in names}) as client:
            command(client=client, **given)

    return expanded(command, "client", [*names.values()], call)


@contextmanager
def _open_client(
    api: Annotated[
        str,
        typer.Option(
            "--api", envvar="NJST_API", help="URL of a worker's API; several, comma separated."
        ),
    ] = DEFAULT_API,
    api_token: Annotated[
        str,
        typer.Option(
            envvar="NJST_API_TOKEN",
            help="Token for the worker's API; @FILE reads it from a file for each request.",
        ),
    ] = "",
    nats: Annotated[
        str,
        typer.Option("--nats", "-s", help="Control NATS URL, to work without a worker's API."),
    ] = "",
    context: Annotated[
        str,
        typer.Option(
            "--context", help="NATS context of the control NATS, to work without a worker's API."
        ),
    ] = "",
    mesh: Annotated[
        str,
        typer.Option("--mesh", envvar="NJST_MESH", help="Mesh name; with --nats or --context."),
    ] = "default",
) -> Iterator[ApiClient]:
    """Yield a client of a worker's API, or of one that this process serves."""
    if not (nats or context):
        with ApiClient(api, token=api_token) as client:
            yield client
        return
    # Most commands need no NATS, and start faster without its code.
    from njst.cli.embedded_api import command_connection, embedded_api  # noqa: PLC0415

    connection = command_connection(nats, context, mesh)
    with embedded_api(connection, mesh) as url, ApiClient(url, is_embedded=True) as client:
        yield client


def expanded(
    command: Command, name: str, into: Sequence[inspect.Parameter], call: Command
) -> Command:
    """Return `call` with the signature of `command`, whose parameter `name` became others."""
    signature = inspect.signature(command)
    at = list(signature.parameters).index(name)
    parameters = [*signature.parameters.values()]
    parameters[at : at + 1] = into

    @wraps(command)
    def expanded(**given: Any) -> None:
        call(**given)

    expanded.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    )
    return expanded
