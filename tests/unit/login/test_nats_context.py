"""Contexts: what the nats CLI writes, what njst makes of it, and what it says of the rest."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from njst.contract.connection import Connection
from njst.contract.server_urls import address
from njst.login.control_options import OPTIONS, control_connection, from_environment
from njst.login.login_errors import LoginError
from njst.login.nats_context import connection_of, context_path, read_context

# Every key that natscli 0.5.1 writes, as it writes a context that says nothing but its server.
WRITTEN: Mapping[str, Any] = {
    "description": "",
    "url": "nats://127.0.0.1:4222",
    "socks_proxy": "",
    "token": "",
    "user": "",
    "password": "",
    "creds": "",
    "nkey": "",
    "cert": "",
    "key": "",
    "ca": "",
    "nsc": "",
    "jetstream_domain": "",
    "jetstream_api_prefix": "",
    "jetstream_event_prefix": "",
    "inbox_prefix": "",
    "user_jwt": "",
    "user_seed": "",
    "color_scheme": "",
    "tls_first": False,
    "windows_cert_store": "",
    "windows_cert_match_by": "",
    "windows_cert_match": "",
    "windows_ca_certs_match": None,
}


def context(**keys: Any) -> Connection:
    return connection_of({**WRITTEN, **keys})


def test_a_context_that_says_nothing_but_its_server(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(dict(WRITTEN)))
    assert read_context(path) == Connection(servers=["nats://127.0.0.1:4222"])


def test_every_key() -> None:
    found = context(
        description="d",
        url="nats://a:1, tls://b:2",
        token="t",
        user="u",
        password="p",
        cert="/c",
        key="/k",
        ca="/ca",
        jetstream_domain="hub",
        jetstream_api_prefix="x.API.",
        inbox_prefix="_IN",
        tls_first=True,
    )
    assert found.servers == ["nats://a:1", "tls://b:2"]
    assert (found.user, found.password, found.token) == ("u", "p", "t")
    assert (found.tls.cert_file, found.tls.key_file, found.tls.ca_file) == ("/c", "/k", "/ca")
    assert (found.tls.first, found.inbox_prefix) == (True, "_IN")
    assert (found.js_api, found.api_prefix) == ("$JS.hub.API", "x.API")
    assert context(jetstream_api_prefix="x.API").js_api == "x.API"
    assert context().js_api == "$JS.API"


@pytest.mark.parametrize(
    ("keys", "fields"),
    [
        ({"user": "u", "password": "p", "creds": "/c"}, {"user": "u", "password": "p"}),
        ({"creds": "/c", "nkey": "/n"}, {"creds_file": "/c"}),
        ({"nkey": "/n", "user_jwt": "j", "user_seed": "s"}, {"nkey_seed_file": "/n"}),
        ({"user_jwt": "j", "user_seed": "s"}, {"jwt": "j", "seed": "s"}),
        ({"creds": "/c", "token": "t"}, {"creds_file": "/c", "token": "t"}),
        ({"user": "t0ken"}, {"token": "t0ken"}),
    ],
)
def test_one_login_counts_and_a_token_may_go_along(
    keys: dict[str, str], fields: dict[str, str]
) -> None:
    assert context(**keys) == Connection(servers=["nats://127.0.0.1:4222"], **fields)


def test_paths_are_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("SECRETS", "/run/secrets")
    found = context(creds="~/a.creds", ca="$SECRETS/ca.pem", cert="file:///c.pem", key="k.pem")
    assert found.creds_file == "/home/me/a.creds"
    assert found.tls.ca_file == "/run/secrets/ca.pem"
    assert (found.tls.cert_file, found.tls.key_file) == ("/c.pem", "k.pem")


def test_secrets_that_stand_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PW", "from the environment")
    (tmp_path / "jwt").write_text("the jwt\n")
    found = context(user="u", password="env://PW")
    assert found.password == "from the environment"
    found = context(user_jwt=f"file://{tmp_path}/jwt", user_seed=_data("the seed\n"))
    assert (found.jwt, found.seed) == ("the jwt", "the seed")
    assert context(nkey=_data("SUA\n")).seed == "SUA"
    assert context(user_jwt="j", user_seed=f"{tmp_path}/jwt").seed == "the jwt"


def test_a_password_may_look_like_an_address() -> None:
    assert context(user="u", password="ab://cd").password == "ab://cd"


def _data(text: str) -> str:
    return f"data:;base64,{base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"socks_proxy": "socks5://p"}, "socks_proxy: is not supported; njst connects directly"),
        ({"nsc": "nsc://o/a/u"}, "nsc: is not supported; .*nsc generate creds"),
        ({"creds": "op://vault/item"}, "creds: op:// is not supported; use a file"),
        ({"nkey": "nsc://o/a/u"}, "nkey: nsc:// is not supported"),
        ({"ca": "env://CA"}, "ca: must be the path of a file"),
        ({"user_jwt": "j"}, "user_jwt and user_seed must be set together"),
        ({"user_seed": "s"}, "user_jwt and user_seed must be set together"),
        ({"token": "env://NJST_NOT_SET"}, "token: environment variable NJST_NOT_SET is not set"),
        ({"creds": "data:,abc"}, "creds: a data: reference must have ;base64"),
        ({"creds": "data:;base64,???"}, "creds: the data: reference is not base64-encoded text"),
        ({"creds": _data("nothing")}, "creds: the value has no NATS user JWT with its seed"),
        ({"url": "http://a"}, "url: a server must be nats://host:port"),
        ({"url": "nats://u:secret@a,nats://x:secret@b"}, "url: servers have different logins"),
        ({"url": "ws://u:secret@a,nats://u:secret@b"}, "url: servers: .* all must have the same"),
        ({"url": "wss://a,tls://b"}, "url: servers: .* all must have the same"),
        ({"url": "WSS://a,ws://b"}, "url: servers: .* all must have the same"),
        ({"url": "ws://a", "ca": "/ca.pem"}, "url: servers: ws:// has no TLS, .*; use wss://"),
    ],
)
def test_what_cannot_be_done_is_said(keys: dict[str, str], words: str) -> None:
    with pytest.raises(LoginError, match=words) as caught:
        context(**keys)
    assert "secret" not in str(caught.value)


def test_websockets() -> None:
    found = context(url="ws://u:p@a, WS://u:p@b:8080/")
    assert (found.servers, found.user) == (["ws://a", "ws://b:8080/"], "u")
    assert (found.is_websocket, found.wants_tls, found.is_tls_first) == (True, False, False)
    assert [address(server) for server in found.servers] == [("a", 80), ("b", 8080)]
    found = context(url="wss://a", ca="/ca.pem")
    assert (found.is_websocket, found.wants_tls, found.is_tls_first) == (True, True, True)
    assert address("wss://a") == ("a", 443)
    found = context(url="TLS://a", ca="/ca.pem")
    assert (found.is_websocket, found.wants_tls, found.is_tls_first) == (False, True, False)


def test_a_context_by_its_name_or_its_path(tmp_path: Path) -> None:
    assert context_path("prod", tmp_path) == tmp_path / "prod.json"
    assert context_path("/etc/nats/x.json", tmp_path) == Path("/etc/nats/x.json")


def test_options_win_over_the_same_fields_of_a_context(tmp_path: Path) -> None:
    (tmp_path / "prod.json").write_text('{"url": "nats://a", "creds": "/c", "ca": "/ca"}')
    found = control_connection({"context": "prod", "creds": "/d"}, name="x", contexts=tmp_path)
    assert (found.servers, found.creds_file, found.tls.ca_file) == (["nats://a"], "/d", "/ca")
    assert found.name == "x"
    assert control_connection({}, name="x").servers == ["nats://127.0.0.1:4222"]
    assert control_connection({"tls_first": "true"}, name="x").tls.first
    assert not control_connection({"tls_first": "false"}, name="x").tls.first


def test_the_first_variable_that_is_set_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    option = next(option for option in OPTIONS if option.key == "url")
    for variable in option.variables:
        monkeypatch.delenv(variable, raising=False)
    assert from_environment(option) == ""
    monkeypatch.setenv("NATS_URL", "nats://b")
    assert from_environment(option) == "nats://b"
    monkeypatch.setenv("NJST_NATS", "nats://a")
    assert from_environment(option) == "nats://a"
