"""The options of the HTTP API become settings, or one clear error."""

from pathlib import Path

import click
import pytest
import typer
from typer.testing import CliRunner

from njst.api.access.token_file import TokenFile
from njst.cli.http.http_options import HttpSettings, with_http
from tests.unit.api.access.tokens import written


def settings(*arguments: str) -> HttpSettings:
    """Return the settings of a command with these options."""
    found: list[HttpSettings] = []

    def command(http: HttpSettings) -> None:
        found.append(http)

    app = typer.Typer()
    app.command()(with_http(command))
    result = CliRunner().invoke(app, arguments)
    if result.exit_code:
        raise click.UsageError(" ".join(click.unstyle(result.output).split()))
    return found[0]


def test_address__without_options__is_that_of_this_machine_alone() -> None:
    found = settings()
    assert (found.host, found.port) == ("127.0.0.1", 5000)
    assert not found.access.hosts.is_known("njst.example.com")


def test_hosts__several__are_all_known() -> None:
    hosts = settings("--http-allow-host", "njst.example.com, *.test").access.hosts
    assert hosts.is_known("njst.example.com:80")
    assert hosts.is_known("a.test")


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--http", "5000", "must be host:port"),
        ("--http", ":70000", "must be host:port"),
        ("--http-allow-host", "https://a.example", "'https://a.example' must be a host name"),
    ],
)
def test_option__that_is_invalid__is_refused_by_name(option: str, value: str, said: str) -> None:
    with pytest.raises(click.UsageError) as refused:
        settings(option, value)
    assert option in str(refused.value)
    assert said in str(refused.value)


def test_access__without_options__is_open() -> None:
    access = settings().access
    assert access.authorizer is None
    assert not access.is_read_only


def test_access__by_tokens_and_read_only(tmp_path: Path) -> None:
    tokens = str(written(tmp_path))
    options = ("--http-auth", "token-file", "--http-tokens", tokens, "--http-read-only")
    access = settings(*options).access
    assert isinstance(access.authorizer, TokenFile)
    assert access.is_read_only


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--http-auth", "token-file"], "must be set together"),
        (["--http-tokens", "tokens"], "must be set together"),
        (["--http-auth", "token-file", "--http-tokens", "none"], "none: No such file"),
        (["--http-auth", "kubernetes"], "KUBERNETES_SERVICE_HOST is not set"),
        (["--http-auth", "kubernetes", "--http-audience", ","], "must name an audience"),
        (["--http-auth", "password"], "is not one of"),
        (["--http-cert", "tls.crt"], "must be set together"),
        (["--http-key", "tls.key"], "must be set together"),
        (["--http-cert", "none", "--http-key", "none"], "none: No such file"),
    ],
)
def test_options__that_are_invalid__are_refused(options: list[str], said: str) -> None:
    with pytest.raises(click.UsageError) as refused:
        settings(*options)
    assert said in str(refused.value).replace("\u2502 ", "")
