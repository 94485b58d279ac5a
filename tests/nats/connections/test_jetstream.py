"""JetStream under another name: domains, API and inbox prefixes, ACK subjects of version 2."""

import asyncio
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from njst.contract.connection import Connection
from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import SetupError
from njst.local.nats_server import NatsServer
from njst.local.reserved_port import ReservedPort
from njst.local.wait_until import wait_until
from njst.provisioning import provision, teardown
from tests.nats.connections.running import LIMIT_S, MESSAGES, WORKER, assert_it_runs, run, spec
from tests.nats.truth.proxy import Proxy

Document = dict[str, Any]


@pytest.fixture(scope="module")
def leaf() -> Iterator[NatsServer]:
    """A leaf node with JetStream of its own, as a domain, below a hub with JetStream as well."""
    port = ReservedPort()
    hub = f"jetstream {{ domain: hub }}\nleafnodes {{ listen: {port.address} }}"
    below = f'leafnodes {{ remotes = [{{url: "nats-leaf://{port.address}"}}] }}'
    with (
        NatsServer.start(name="hub", config=hub) as above,
        NatsServer.start(name="leaf", config=f"jetstream {{ domain: leaf }}\n{below}") as server,
    ):

        def missing() -> str | None:
            return None if above.monitor("/leafz").get("leafs") else "no leaf node"

        assert wait_until(missing, LIMIT_S) is None
        yield server
    port.close()


@pytest.mark.parametrize("domain", ["hub", "leaf"])
async def test_a_domain(leaf: NatsServer, domain: str) -> None:
    """Through the leaf node's server both are reached, each by its domain."""
    await assert_it_runs(Connection(servers=[leaf.url], domain=domain))


async def test_an_api_prefix(leaf: NatsServer) -> None:
    await assert_it_runs(Connection(servers=[leaf.url], api_prefix="$JS.hub.API"))


def workload(name: str, stream: str, **kind: Any) -> Document:
    return {"name": name, "stream": stream, "messages": MESSAGES, **kind}


async def test_every_kind_goes_to_the_domain(leaf: NatsServer) -> None:
    """A bucket's keys too: their subjects are the domain's."""
    connection = Connection(servers=[leaf.url], domain="hub")
    stream, bucket = f"S{secrets.token_hex(4)}", f"KV_B{secrets.token_hex(4)}"
    kept = [{"name": name, "retain": "Keep"} for name in (stream, bucket)]
    there = [{"name": name, "useExisting": True} for name in (stream, bucket)]
    write = [
        workload("write", stream, publish={"payloadBytes": 64}),
        workload("put", bucket, keyValue={"operation": "Put", "keys": 10}),
    ]
    read = [
        workload("push", stream, consume={"mode": "Push", "idleTimeoutSeconds": 60}),
        workload("ordered", stream, consume={"mode": "Ordered", "idleTimeoutSeconds": 60}),
        workload("sequence", stream, get={"mode": "Sequence"}),
        workload("batch", stream, get={"mode": "Batch", "batch": 50}),
        workload("update", bucket, keyValue={"operation": "Update", "keys": 10}),
    ]
    for streams, workloads in ((kept, write), (there, read)):
        done = await run(connection, {"streams": streams, "workloads": workloads})
        assert {n: (r.messages, r.errors) for n, r in done.items()} == {
            w["name"]: (MESSAGES, []) for w in workloads
        }


async def test_an_inbox_prefix() -> None:
    """A user who may listen to nothing but inboxes of its own."""
    rights = 'permissions: {publish: ">", subscribe: ["_INBOX_njst.>"]}'
    users = f'authorization {{ users = [{{user: "u", password: "p", {rights}}}] }}'
    with NatsServer.start(config=users) as server:
        connection = Connection(
            servers=[server.url], user="u", password="p", inbox_prefix="_INBOX_njst"
        )
        await assert_it_runs(connection)
        stream = f"S{secrets.token_hex(4)}"
        push = {"mode": "Push", "idleTimeoutSeconds": 60}
        document = {
            "streams": [{"name": stream}],
            "workloads": [
                workload("write", stream, publish={"payloadBytes": 64}),
                workload("push", stream, consume=push),
            ],
        }
        done = await run(connection, document)
        assert (done["push"].messages, done["push"].errors) == (MESSAGES, [])


@pytest.mark.parametrize(
    ("rights", "words"),
    [
        ("subscribe: ['other.>']", "the user may not subscribe to _INBOX.>, where answers arrive"),
        (
            "publish: {deny: ['$JS.API.>']}",
            "the user may not publish to $JS.API.STREAM.CREATE.DENIED",
        ),
    ],
)
async def test_provision__user_without_a_permission__is_refused_at_once(
    rights: str, words: str
) -> None:
    users = f"authorization {{ users = [{{user: u, password: p, permissions: {{{rights}}}}}] }}"
    with NatsServer.start(config=users) as server:
        connection = Connection(servers=[server.url], user="u", password="p")
        # A request would wait for half of this time.
        document = parse_spec({**spec("DENIED"), "startTimeoutSeconds": 600})
        async with asyncio.timeout(60):
            with pytest.raises(SetupError) as error:
                await provision.provision(
                    secrets.token_hex(4), document, connection, [WORKER], WORKER
                )
        assert error.value.reason == "TargetPermissionDenied"
        assert error.value.message == f"spec.streams[0] (DENIED): {words}"


@pytest.mark.parametrize("mode", ["Pull", "Fetch", "Push", "Ordered"])
async def test_ack_subjects_of_version_2(v2: NatsServer, mode: str) -> None:
    stream = f"S{secrets.token_hex(4)}"
    document = {
        "streams": [{"name": stream}],
        "workloads": [
            workload("write", stream, publish={"payloadBytes": 64}),
            workload("read", stream, consume={"mode": mode, "idleTimeoutSeconds": 60}),
        ],
    }
    done = await run(Connection(servers=[v2.url]), document)
    assert {n: (r.messages, r.errors) for n, r in done.items()} == {
        "write": (MESSAGES, []),
        "read": (MESSAGES, []),
    }


@pytest.fixture(scope="module")
def v2() -> Iterator[NatsServer]:
    with NatsServer.start(config="feature_flags { js_ack_fc_v2: true }") as server:
        yield server


async def test_a_target_that_is_slow_to_make_things_is_waited_for(
    leaf: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as the job's own start allows, not as long as an answer is worth waiting for else."""
    monkeypatch.setattr(provision, "API_TIMEOUT_S", 0.1)
    with Proxy(leaf.port, delay_ns=300_000_000) as far:
        slow = Connection(servers=[far.url], domain="hub")
        job, hurried = secrets.token_hex(4), parse_spec({**spec("SLOW"), "startTimeoutSeconds": 1})
        with pytest.raises(SetupError, match="JetStream does not answer"):
            await provision.provision(job, hurried, slow, [WORKER], WORKER)
        patient = parse_spec({**spec("SLOW"), "startTimeoutSeconds": 60})
        assert (await provision.provision(job, patient, slow, [WORKER], WORKER)).clients
    monkeypatch.undo()
    near = Connection(servers=[leaf.url], domain="hub")
    assert await teardown.teardown(job, patient, near) == []
