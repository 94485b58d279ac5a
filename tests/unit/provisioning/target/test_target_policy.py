"""Targets: contexts as the nats CLI writes them, and servers that the allow-list permits."""

import json
from pathlib import Path

import pytest

from njst.contract.connection import Connection
from njst.contract.results.outcome import SetupError
from njst.contract.spec.target import Target
from njst.provisioning.target.target_policy import TargetPolicy, resolve

CONTROL = Connection(servers=["nats://control:4222"], user="u", password="p")


def policy(folder: Path, *allow: str) -> TargetPolicy:
    return TargetPolicy(control=CONTROL, contexts=folder, allow=allow)


def context(folder: Path, **keys: object) -> Path:
    (folder / "prod.json").write_text(json.dumps(keys))
    return folder


def test_without_a_target_the_control_nats_is_meant(tmp_path: Path) -> None:
    assert resolve(Target(), policy(tmp_path)) == CONTROL


def test_a_context_says_where_and_who(tmp_path: Path) -> None:
    context(tmp_path, url="nats://a:1,nats://b:2", user="me", password="secret", creds="")
    found = resolve(Target(context="prod"), policy(tmp_path))
    assert found.servers == ["nats://a:1", "nats://b:2"]
    assert (found.user, found.password, found.token) == ("me", "secret", "")


def test_a_user_without_a_password_is_a_token(tmp_path: Path) -> None:
    context(tmp_path, url="nats://a:1", user="t0ken")
    found = resolve(Target(context="prod"), policy(tmp_path))
    assert (found.user, found.token) == ("", "t0ken")


@pytest.mark.parametrize("server", ["nats://db:4222", "nats://db", "tls://db"])
def test_an_allowed_server_needs_no_context(tmp_path: Path, server: str) -> None:
    assert resolve(Target(servers=[server]), policy(tmp_path, "db:4222")).servers == [server]


@pytest.mark.parametrize(
    ("pattern", "server", "allowed"),
    [
        ("[fd00::5]:4222", "nats://[fd00::5]:4222", True),
        ("[fd00::5]:4222", "nats://d:4222", False),
        ("[fd00::5]:4222", "nats://[fd00::6]:4222", False),
        ("[fd00::*]:*", "nats://[FD00::6]:1", True),
        ("n[ab]:1", "nats://na:1", False),
        ("n?:1", "nats://na:1", False),
        ("n*:4222", "nats://NATS.example:4222", True),
        ("*.example:4222", "nats://a.example:4223", False),
        ("nats.example:4222", "nats://natsXexample:4222", False),
    ],
)
def test_allow_list__brackets_and_dots__mean_themselves(
    tmp_path: Path, pattern: str, server: str, *, allowed: bool
) -> None:
    target = Target(servers=[server])
    if allowed:
        assert resolve(target, policy(tmp_path, pattern)).servers == [server]
        return
    with pytest.raises(SetupError, match="allow-list"):
        resolve(target, policy(tmp_path, pattern))


def test_the_control_nats_may_always_be_named(tmp_path: Path) -> None:
    named = resolve(Target(servers=["nats://control:4222"]), policy(tmp_path))
    assert named.password == "", "a spec that names a server gets none of the worker's logins"


def test_discovery_can_be_switched_off_for_any_target(tmp_path: Path) -> None:
    context(tmp_path, url="nats://a:1")
    for target in ({}, {"context": "prod"}, {"servers": ["nats://db:4222"]}):
        found = [
            resolve(Target.model_validate({**target, **how}), policy(tmp_path, "db:4222")).discover
            for how in ({}, {"discover": False})
        ]
        assert found == [True, False]


@pytest.mark.parametrize("allow", [(), ("other:*",), ("db:1",)])
def test_any_other_server_is_refused(tmp_path: Path, allow: tuple[str, ...]) -> None:
    with pytest.raises(SetupError, match=r"spec\.target\.servers: db:4222 .*--allow-target") as e:
        resolve(Target(servers=["nats://db:4222"]), policy(tmp_path, *allow))
    assert e.value.reason == "TargetNotAllowed"


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        (None, "ContextNotFound", "there: none"),
        ("{", "ContextUnusable", "is not valid JSON"),
        ('{"user": "x"}', "ContextUnusable", "has no url"),
        ('{"url": "nats://a", "nsc": "x"}', "ContextUnusable", "nsc generate creds"),
    ],
)
def test_a_context_that_cannot_be_used_says_why(
    tmp_path: Path, text: str | None, reason: str, words: str
) -> None:
    if text is not None:
        (tmp_path / "prod.json").write_text(text)
    with pytest.raises(SetupError, match=words) as error:
        resolve(Target(context="prod"), policy(tmp_path))
    assert error.value.reason == reason
    assert error.value.message.startswith("spec.target.context: 'prod'")


def test_a_secret_is_not_printed() -> None:
    assert "hunter2" not in repr(Connection(servers=["nats://a"], user="u", password="hunter2"))
    assert "hunter2" not in repr(Connection(servers=["nats://a"], token="hunter2"))
