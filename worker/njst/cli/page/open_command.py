"""`njst open`: the page of a worker in the browser."""

import os
import socket
import sys
import threading
import webbrowser
from typing import Annotated

import typer

from njst.cli.api_client import ApiClient
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.job_commands import say
from njst.cli.page.page_address import LOCAL_PORT, page_address, port_forward
from njst.cli.shared_options import with_client

_IN_CLUSTER = "kubectl --namespace njst port-forward service/njst 5000:80"


@with_client
def open_page(
    client: ApiClient,
    job: Annotated[str, typer.Argument(help="Job ID; left out: all jobs.")] = "",
) -> None:
    """Open the page of a worker in the browser, and print its address."""
    try:
        _check(client, job)
    except CliError as error:
        if error.code is ExitCode.UNREACHABLE:
            words = f"{error}; in a cluster, {_IN_CLUSTER} makes one reachable"
            raise CliError(words, error.code) from error
        raise
    forward = port_forward(client.address, _pod())
    if forward:
        say(f"it is inside a cluster; outside of it run:\n  {forward}")
        print(page_address(f"http://127.0.0.1:{LOCAL_PORT}", job), flush=True)
    else:
        _open(page_address(client.address, job))
    if client.is_embedded:
        _serve_until_interrupted()


def _open(address: str) -> None:
    print(address, flush=True)
    if not (_has_display() and webbrowser.open(address)):
        say("no browser could be opened here; open the address in one")


def _check(client: ApiClient, job: str) -> None:
    """Find a worker that answers, and check that it knows the job."""
    if job:
        client.job(job)
    else:
        client.cluster()


def _pod() -> str:
    """Return the name of the pod that this is; empty outside a cluster."""
    return socket.gethostname() if os.environ.get("KUBERNETES_SERVICE_HOST") else ""


def _has_display() -> bool:
    """Whether a browser has a screen; one in the terminal would not show the page."""
    names = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    return sys.platform == "darwin" or any(os.environ.get(name) for name in names)


def _serve_until_interrupted() -> None:
    """Keep the API of this process, which serves the page."""
    say("this command serves the page; Ctrl-C ends it")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return
