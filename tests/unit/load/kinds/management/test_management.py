"""Calls of the API: golden bytes, and cycles that remove only what they have made."""

import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from njst.contract.fields import Storage
from njst.contract.kinds.management import ManagementOperation, ManagementPlan
from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.management.asset_requests import Call, assets_of, standing_names
from njst.load.kinds.management.clients import management_client
from njst.load.recording.recorder import Recorder
from njst.load.recording.shared_records import SharedRecords
from njst.load.requests.request_client import RequestClient
from tests.unit.load.builders import INBOX, SECOND, answer, errors, feed, started


def plan(operation: ManagementOperation, *, assets: int = 0, window: int = 1) -> ManagementPlan:
    return ManagementPlan(
        operation=operation,
        job="j",
        stream="S" if "Consumer" in operation else "",
        prefix="njst-j-w-0",
        assets=assets,
        storage=Storage.MEMORY,
        window=window,
        timeout_ms=1000,
    )


def caller(management: ManagementPlan, messages: int) -> RequestClient:
    client = ClientPlan(workload="w", index=0, messages=messages, management=management)
    return started(
        management_client(client, INBOX, Recorder("w", messages), SharedRecords("job", lambda: 0)),
        1,
    )


_FRAME = re.compile(
    rb"PUB \$JS\.API\.STREAM\.([A-Z]+)\.(\S+) _INBOX\.test\.([0-9a-f]{10}) (\d+)\r\n"
)


def sent(data: bytes) -> list[tuple[str, str, int]]:
    """(operation, stream, number) of each call."""
    found = []
    while data:
        head = _FRAME.match(data)
        assert head is not None, data[:80]
        found.append((head[1].decode(), head[2].decode(), int(head[3], 16)))
        data = data[head.end() + int(head[4]) + 2 :]
    return found


def response(number: int, *, code: int = 0) -> bytes:
    document: dict[str, object] = {"type": "io.nats.jetstream.api.v1.stream_create_response"}
    if code:
        document["error"] = {"code": 400, "err_code": code, "description": "why"}
    return answer(number, json.dumps(document).encode())


def test_the_calls_for_streams_are_these_bytes() -> None:
    streams = assets_of(plan(ManagementOperation.CREATE_STREAM), "$JS.hub.API")
    assert streams.create("n") == Call(
        "$JS.hub.API.STREAM.CREATE.n",
        b'{"name":"n","subjects":["njst-assets.j.n"],"retention":"limits","discard":"old",'
        b'"storage":"memory","num_replicas":1,"metadata":{"njst.io/job":"j"}}',
    )
    assert streams.info("n") == Call("$JS.hub.API.STREAM.INFO.n", b"")
    assert streams.delete("n") == Call("$JS.hub.API.STREAM.DELETE.n", b"")


def test_the_calls_for_consumers_are_these_bytes() -> None:
    consumers = assets_of(plan(ManagementOperation.CREATE_CONSUMER), "$JS.API")
    assert consumers.create("n") == Call(
        "$JS.API.CONSUMER.CREATE.S.n",
        b'{"stream_name":"S","config":{"name":"n","durable_name":"n","deliver_policy":"all",'
        b'"ack_policy":"explicit","replay_policy":"instant","inactive_threshold":3600000000000,'
        b'"num_replicas":1,"metadata":{"njst.io/job":"j"},"mem_storage":true},"action":"create"}',
    )
    assert consumers.info("n") == Call("$JS.API.CONSUMER.INFO.S.n", b"")
    assert consumers.delete("n") == Call("$JS.API.CONSUMER.DELETE.S.n", b"")


def test_what_is_there_before_the_start() -> None:
    info = plan(ManagementOperation.STREAM_INFO, assets=2)
    assert standing_names(info, 9) == ["njst-j-w-0-s0", "njst-j-w-0-s1"]
    delete = plan(ManagementOperation.DELETE_CONSUMER)
    assert standing_names(delete, 3) == [f"njst-j-w-0-{n}" for n in range(3)]
    assert standing_names(plan(ManagementOperation.CREATE_STREAM), 3) == []


def test_info_takes_turns_and_create_makes_new_ones() -> None:
    info = caller(plan(ManagementOperation.STREAM_INFO, assets=2, window=3), 3)
    assert [name for _, name, _ in sent(info.next_bytes(1))] == [
        "njst-j-w-0-s0",
        "njst-j-w-0-s1",
        "njst-j-w-0-s0",
    ]
    create = caller(plan(ManagementOperation.CREATE_STREAM, assets=2, window=3), 3)
    assert sent(create.next_bytes(1)) == [("CREATE", f"njst-j-w-0-{n}", n) for n in range(3)]
    feed(create, response(0) + response(1, code=10027) + response(2, code=10058), 2)
    assert create.done
    assert create.recorder.messages == 1
    assert errors(create.recorder.tally()) == {
        ErrorClass.LIMIT_EXCEEDED: 1,
        ErrorClass.OTHER: 1,
    }


def test_a_cycle_is_create_info_delete() -> None:
    workload = caller(plan(ManagementOperation.CYCLE_STREAM), 7)
    steps = []
    for number in range(7):
        ((operation, name, _),) = sent(workload.next_bytes(number + 1))
        steps.append((operation, name[-1]))
        feed(workload, response(number), number + 2)
    cycle = ("CREATE", "INFO", "DELETE")
    assert steps == [(step, str(asset)) for asset in (0, 1) for step in cycle] + [("CREATE", "2")]
    assert workload.done


@settings(deadline=None)
@given(st.integers(1, 4), st.lists(st.sampled_from(["ok", "ok", "refused", "lost"]), max_size=40))
def test_only_what_was_made_is_removed_whatever_happens(window: int, fates: list[str]) -> None:
    workload = caller(plan(ManagementOperation.CYCLE_STREAM, window=window), 1_000)
    made: set[str] = set()
    waiting: list[tuple[str, str, int]] = []
    now, lost, refused = 1, 0, 0
    for fate in fates:
        waiting += sent(workload.next_bytes(now))
        operation, name, number = waiting.pop(0)
        now += 1
        if operation == "DELETE":
            assert name in made, "removed what it has not made"
        if fate == "lost":
            lost += 1 + len(waiting)
            now += 2 * SECOND
            workload.on_time(now)
            waiting.clear()
            continue
        if fate == "ok" and operation == "CREATE":
            made.add(name)
        refused += fate == "refused"
        feed(workload, response(number, code=0 if fate == "ok" else 10058), now)
    workload.stop()
    workload.on_time(now + 2 * SECOND)
    found = errors(workload.recorder.tally())
    assert workload.done
    assert found.get(ErrorClass.OTHER, 0) == refused
    assert found.get(ErrorClass.TIMEOUT, 0) == lost + len(waiting)
