"""The preparation says which servers, account and user it met, and where the streams are."""

import secrets
from typing import Any

from njst import __version__
from njst.contract.connection import Connection
from njst.contract.parsing.document import parse_spec
from njst.contract.results.preparation import Preparation
from njst.local.nats_cluster import NatsCluster
from njst.local.nats_server import NatsServer
from njst.provisioning import provision, teardown

USERS = """
{user: svc, password: hidden},
{user: tight, password: hidden, permissions: {publish: {deny: "$SYS.>"}}}
"""
ACCOUNT = f"accounts {{ ORDERS {{ users [{USERS}], jetstream: enabled }} }}"


async def prepared(connection: Connection, replicas: int = 1) -> Preparation:
    stream = {"name": "S", "storage": "Memory", "replicas": replicas}
    workload: dict[str, Any] = {"name": "w", "stream": "S", "messages": 1, "publish": {}}
    spec = parse_spec({"streams": [stream], "workloads": [workload]})
    job = secrets.token_hex(4)
    try:
        made = await provision.provision(job, spec, connection, ["w"], "w")
    finally:
        assert await teardown.teardown(job, spec, connection) == []
    assert made.preparation is not None
    return made.preparation


async def test_session__of_an_account__names_account_user_and_domain_and_no_secret() -> None:
    with NatsServer.start(config=f"jetstream {{ domain: hub }}\n{ACCOUNT}") as server:
        login = Connection(servers=[server.url], user="svc", password="hidden")
        found = await prepared(login)
        tight = await prepared(login.model_copy(update={"user": "tight"}))
    session = found.session
    assert session is not None
    assert (session.njst_version, session.server) == (__version__, "njst")
    assert (session.account, session.user, session.domain) == ("ORDERS", "svc", "hub")
    assert session.server_version.startswith("2.")
    assert "hidden" not in found.to_json().decode()
    # A user who may not ask is no obstacle.
    assert tight.session == session.model_copy(update={"account": "", "user": ""})


async def test_session__of_a_token__does_not_name_it() -> None:
    with NatsServer.start(config="authorization { token: hidden }") as server:
        found = await prepared(Connection(servers=[server.url], token="hidden"))
    assert found.session is not None
    assert (found.session.account, found.session.user) == ("$G", "[REDACTED]")
    assert "hidden" not in found.to_json().decode()


async def test_streams__of_a_cluster__have_a_leader_and_replicas() -> None:
    with NatsCluster.start(3) as cluster:
        found = await prepared(Connection(servers=cluster.urls), replicas=3)
    (placement,) = found.streams
    assert found.session is not None
    assert (placement.stream, placement.cluster, found.session.cluster) == ("S", "njst", "njst")
    assert sorted([placement.leader, *placement.replicas]) == ["n1", "n2", "n3"]
