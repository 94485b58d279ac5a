"""Limits of a server, an account and a stream: a job stays within them, or names the field."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from nats.aio.client import Client

from njst.contract.results.outcome import SetupError
from njst.contract.results.report import WorkloadResult
from njst.contract.results.tallies import ErrorClass
from njst.local.nats_server import NatsServer
from tests.nats.modes.running import Runner, adjusted, errors

LIMITS = "max_request_batch: 100, max_ack_pending: 1000, batch: { max_inflight_per_stream: 1 }"
SERVER = f"jetstream {{ limits {{ {LIMITS} }} }}"
S = 10**9


@pytest.fixture(scope="module")
def limited() -> Iterator[Runner]:
    with NatsServer.start(config=SERVER) as server:
        yield Runner(server.url)


def job(stream: dict[str, Any], **consume: Any) -> dict[str, Any]:
    name = stream["name"]
    return {
        "streams": [stream],
        "workloads": [
            {"name": "write", "stream": name, "messages": 3000, "publish": {"payloadBytes": 64}},
            {"name": "read", "stream": name, "messages": 3000, "consume": consume},
        ],
    }


def new_stream() -> dict[str, Any]:
    return {"name": f"L{secrets.token_hex(4)}", "storage": "Memory"}


PENDING = {"consume.maxAckPending": "1000"}
BATCH = {"consume.batch": "100"}


@pytest.mark.parametrize(
    ("consume", "lowered"),
    [
        ({}, PENDING | BATCH),
        ({"mode": "Fetch"}, PENDING | BATCH),
        ({"mode": "Ordered"}, BATCH),
        ({"mode": "Push"}, PENDING),
        ({"batch": 100, "maxAckPending": 1000}, {}),
    ],
)
async def test_defaults__above_what_the_server_allows__are_lowered_and_reported(
    limited: Runner, consume: dict[str, Any], lowered: dict[str, str]
) -> None:
    done = await limited.run(job(new_stream(), **consume))
    assert (done["read"].messages, errors(done["read"])) == (3000, {})
    assert adjusted(limited) == lowered


@pytest.mark.parametrize(
    ("consume", "words"),
    [
        ({"batch": 101}, "consume.batch: 101: the target allows at most 100 messages in a pull"),
        ({"maxAckPending": 1001}, "consume.maxAckPending: 1001: .* limit of 1000"),
    ],
)
async def test_value__above_what_the_server_allows__is_refused(
    limited: Runner, consume: dict[str, Any], words: str
) -> None:
    with pytest.raises(SetupError, match=rf"spec\.workloads\[1\] \(read\)\.{words}") as refused:
        await limited.run(job(new_stream(), **consume))
    assert refused.value.reason == "LimitReached"


IDLE = {"consume.inactiveThresholdSeconds": "300"}


@pytest.mark.parametrize(
    ("consume", "lowered"),
    [({}, PENDING | IDLE), ({"mode": "Ordered"}, IDLE), ({"maxAckPending": 1000}, IDLE)],
)
async def test_stream__with_limits_for_its_consumers__is_consumed(
    runner: Runner, consume: dict[str, Any], lowered: dict[str, str]
) -> None:
    name = f"L{secrets.token_hex(4)}"
    limits = {"inactive_threshold": 300 * S, "max_ack_pending": 1000}
    config = {"name": name, "subjects": [f"{name}.>"], "consumer_limits": limits}

    async def create(client: Client) -> None:
        answer = await client.request(f"$JS.API.STREAM.CREATE.{name}", json.dumps(config).encode())
        assert "error" not in json.loads(answer.data)

    await runner.ask(create)
    existing = job({"name": name, "useExisting": True}, **consume)
    existing["workloads"][0]["publish"]["subjects"] = [f"{name}.a"]
    done = await runner.run(existing)
    assert (done["read"].messages, errors(done["read"])) == (3000, {})
    assert adjusted(runner) == lowered


async def test_batches__while_too_many_are_under_way__are_refused_with_that_reason(
    limited: Runner,
) -> None:
    name = f"L{secrets.token_hex(4)}"
    config = {"name": name, "subjects": [f"{name}.>"], "allow_atomic": True}
    publish = {"mode": "AtomicBatch", "batch": 100, "subjects": [f"{name}.a"]}
    workload = {"name": "write", "stream": name, "messages": 300, "publish": publish}
    results: list[WorkloadResult] = []

    async def hold(client: Client) -> None:
        await client.request(f"$JS.API.STREAM.CREATE.{name}", json.dumps(config).encode())
        # The only batch that may be under way, and is not ended.
        first = {"Nats-Batch-Id": "held", "Nats-Batch-Sequence": "1"}
        assert (await client.request(f"{name}.a", b"", headers=first)).data == b""
        document = {"streams": [{"name": name, "useExisting": True}], "workloads": [workload]}
        results.append((await limited.run(document))["write"])

    await limited.ask(hold)
    (done,) = results
    assert (done.messages, errors(done)) == (0, {ErrorClass.BATCH_REFUSED: 300})
    assert done.errors[0].example.startswith(
        "atomic publish too many inflight (10210); use fewer clients"
    )


@pytest.fixture(scope="module")
def sized() -> Iterator[str]:
    """A server whose account requires a size for each stream, of at most 1 MB."""
    limits = "max_mem: 64M, max_file: 64M, max_bytes_required: true, mem_max_stream_bytes: 1M"
    account = f"{{ users [{{user: l, password: l}}], jetstream {{ {limits} }} }}"
    with NatsServer.start(config=f"accounts {{ L {account} }}\nno_auth_user: l") as server:
        yield server.url


async def test_account__that_requires_a_size__names_the_field(sized: str) -> None:
    runner = Runner(sized)
    for limit, reason in (({}, "MaxBytesRequired"), ({"maxBytes": 2**21}, "LimitReached")):
        with pytest.raises(SetupError, match=r"spec\.streams\[0\].*maxBytes") as refused:
            await runner.run(job({**new_stream(), **limit}))
        assert refused.value.reason == reason
    done = await runner.run(job({**new_stream(), "maxBytes": 1_000_000}))
    assert (done["read"].messages, errors(done["read"])) == (3000, {})


async def test_account__that_requires_a_size__runs_managed_streams(sized: str) -> None:
    work = {"operation": "CycleStream", "storage": "Memory", "assets": 3, "maxBytes": 1000}
    workload = {"name": "cycle", "messages": 60, "management": work}
    done = await Runner(sized).run({"workloads": [workload]})
    assert (done["cycle"].messages, errors(done["cycle"])) == (60, {})
    del work["maxBytes"]
    with pytest.raises(SetupError, match=r"spec\.workloads\[0\] \(cycle\).*maxBytes"):
        await Runner(sized).run({"workloads": [workload]})
