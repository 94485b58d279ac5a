"""Services beside another implementation of the micro protocol, the one of nats-py."""

import asyncio
import contextlib
import json
import secrets
from typing import Any

import nats
from nats.aio.client import Client
from nats.micro import Request, add_service
from nats.micro.request import ServiceError
from nats.micro.service import ServiceInfo, ServicePing, ServiceStats

from njst.contract.results.tallies import ErrorClass
from tests.nats.modes.running import Runner, errors

Document = dict[str, Any]


def service(name: str, operation: str, subject: str, /, **how: Any) -> Document:
    """Return a workload of two clients; what is no field of the kind is one of the workload."""
    of_kind = {"window", "name", "version", "errorPercent", "timeoutSeconds", "payloadBytes"}
    kind = {key: how.pop(key) for key in of_kind & how.keys()}
    kind |= {"operation": operation, "subject": subject}
    return {"name": name, "clients": 2, **how, "service": kind}


async def answers(client: Client, subject: str, count: int, wait_s: float = 5) -> list[Document]:
    """Return what so many instances answer on a control subject.

    Raises:
        TimeoutError: fewer answered.
    """
    inbox = client.new_inbox()
    heard = await client.subscribe(inbox)
    await client.publish(subject, reply=inbox)
    try:
        messages = [await heard.next_msg(timeout=wait_s) for _ in range(count)]
        return [json.loads(message.data) for message in messages if message.data]
    finally:
        await heard.unsubscribe()


async def until_found(client: Client, subject: str, count: int) -> list[Document]:
    """Return the answers on a control subject as soon as there are so many."""
    for _ in range(60):
        # Without an instance a server says at once that there is no responder.
        with contextlib.suppress(TimeoutError):
            if len(found := await answers(client, subject, count, wait_s=0.3)) == count:
                return found
    raise AssertionError(f"fewer than {count} instances on {subject}")


async def test_service__requests_of_two_workers__are_answered_exactly(runner: Runner) -> None:
    subject = f"svc.{secrets.token_hex(4)}"
    patient = {"window": 20, "timeoutSeconds": 30}
    rate = {"messagesPerSecond": 500, "durationSeconds": 2}
    job = [
        service("serve", "Serve", subject, messages=6000, timeoutSeconds=30),
        service("ask", "Request", subject, messages=5000, **patient),
        service("paced", "Request", subject, **rate, **patient),
    ]
    for done in await runner.run_each({"workloads": job}, ["a", "b"]):
        counted = {n: (r.messages, r.attempted, errors(r)) for n, r in done.items()}
        assert counted == {
            "serve": (3000, 3000, {}),
            "ask": (2500, 2500, {}),
            "paced": (500, 500, {}),
        }
        assert all(r.latency_microseconds is not None for r in done.values())
        assert done["paced"].slip_microseconds is not None


async def test_service__asked_by_nats_py__is_found_counted_and_answers(runner: Runner) -> None:
    subject, job, name = f"svc.{secrets.token_hex(4)}", secrets.token_hex(4), "prices"
    how = {"durationSeconds": 8, "name": name, "version": "2.0.0-rc.1", "errorPercent": 20}
    serve = service("serve", "Serve", subject, payloadBytes=5, **how)
    running = asyncio.create_task(runner.run({"workloads": [serve]}, job))
    client = await nats.connect(runner.url)
    try:
        found = await until_found(client, f"$SRV.PING.{name}", 2)
        pings = [ServicePing.from_dict(document) for document in found]
        ids = sorted(ping.id for ping in pings)
        assert ids == [f"{job}-0-0", f"{job}-0-1"]
        assert {(p.type, p.name, p.version, p.metadata["njst.io/job"]) for p in pings} == {
            ("io.nats.micro.v1.ping_response", name, "2.0.0-rc.1", job)
        }
        assert sorted(d["id"] for d in await answers(client, "$SRV.PING", 2)) == ids
        (document,) = await answers(client, f"$SRV.INFO.{name}.{ids[1]}", 1)
        (endpoint,) = ServiceInfo.from_dict(document).endpoints
        assert (endpoint.name, endpoint.subject, endpoint.queue_group) == ("serve", subject, "q")

        said = [await client.request(subject, b"hello", timeout=5) for _ in range(50)]
        refused = [message for message in said if message.headers]
        assert {len(message.data) for message in said if not message.headers} == {5}
        assert {m.headers["Nats-Service-Error-Code"] for m in refused if m.headers} == {"500"}

        stats = []
        for document in await answers(client, f"$SRV.STATS.{name}", 2):
            # nats-py takes an optional field for a required one.
            document["endpoints"][0]["data"] = None
            stats += ServiceStats.from_dict(document).endpoints
        assert sum(endpoint.num_requests for endpoint in stats) == 50
        assert sum(endpoint.num_errors for endpoint in stats) == len(refused)
        assert 8 <= len(refused) <= 10, "a fifth of each instance's requests, rounded down"
        assert all(e.processing_time > 0 for e in stats if e.num_requests)
    finally:
        await client.close()
    done = (await running)["serve"]
    assert (done.messages, errors(done)) == (50, {})


async def test_requester__service_of_nats_py_with_errors__counts_them(runner: Runner) -> None:
    subject = f"svc.{secrets.token_hex(4)}"
    count = 0

    async def handle(request: Request) -> None:
        nonlocal count
        count += 1
        if count % 5 == 0:
            raise ServiceError("503", "out of stock")
        await request.respond(request.data)

    client = await nats.connect(runner.url)
    try:
        peer = await add_service(client, name="stock", version="3.0.7")
        await peer.add_endpoint(name="ask", subject=subject, handler=handle)
        await client.flush()
        ask = service("ask", "Request", subject, messages=500, window=5, timeoutSeconds=30)
        done = (await runner.run({"workloads": [ask]}))["ask"]
        assert (done.messages, done.attempted, done.failed) == (400, 500, 100)
        assert errors(done) == {ErrorClass.SERVICE_ERROR: 100}
        assert done.errors[0].example == "503 out of stock"
        (endpoint,) = peer.stats().endpoints
        assert (endpoint.num_requests, endpoint.num_errors) == (500, 100)
    finally:
        await client.close()
    nobody = service("ask", "Request", subject, messages=4)
    done = (await runner.run({"workloads": [nobody]}))["ask"]
    assert errors(done) == {ErrorClass.NO_RESPONDERS: 4}
