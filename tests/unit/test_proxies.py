"""A proxy in the environment: what is on this machine or in this pod is asked directly."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from njst import probe
from njst.cli.api_client import ApiClient
from njst.cli.cli_errors import CliError

# Nothing listens there.
CLOSED = "http://127.0.0.1:9"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"members": [], "detail": "ready"}'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True, params=["", "127.0.0.0/8,.svc"], ids=["no NO_PROXY", "a CIDR"])
def proxy(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, CLOSED)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, request.param)


def test_probe__with_a_proxy_in_the_environment__asks_directly(url: str) -> None:
    assert probe.ask(url) == (0, "ready")


def test_cli__loopback_with_a_proxy__asks_directly(url: str) -> None:
    with ApiClient(url) as api:
        assert api.cluster() == []


def test_cli__remote_worker_behind_a_proxy__names_the_proxy_in_the_error() -> None:
    with ApiClient("http://njst.example:5000") as api, pytest.raises(CliError) as error:
        api.cluster()
    assert f"through the proxy {CLOSED}; NO_PROXY=njst.example avoids it" in str(error.value)
