"""Both ends of the micro protocol (ADR-32), without a server."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.kinds.service import ServiceOperation, ServicePlan
from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.service.clients import service_client
from njst.load.kinds.service.service_instance import ServiceInstance
from njst.load.load_client import LoadClient, StartTime
from njst.load.protocol.parser import parse
from njst.load.recording.recorder import Recorder
from njst.load.recording.shared_records import SharedRecords
from tests.unit.load.builders import errors, feed

START = StartTime(1_000, 1_700_000_000_000_000_000 - 1_000)
# The two random bytes are those of client 7.
ANSWER = b"PUB _INBOX.c.%d 2\r\n\xe6R\r\n"


def client(operation: ServiceOperation, messages: int | None = None, **how: Any) -> LoadClient:
    """Return a client that has begun, its payloads two bytes long."""
    service = ServicePlan(
        operation=operation,
        subject="orders.price",
        payload_bytes=2,
        timeout_ms=1000,
        name="prices",
        version="1.2.3",
        id="j-0-7",
        endpoint="serve",
        **how,
    )
    plan = ClientPlan(workload="serve", index=7, messages=messages, service=service)
    made = service_client(plan, "_INBOX.c", Recorder("serve", messages), SharedRecords("j", int))
    made.recorder.start(0)
    made.start(START)
    return made


def instance(messages: int | None = None, **how: Any) -> ServiceInstance:
    made = client(ServiceOperation.SERVE, messages, **how)
    assert isinstance(made, ServiceInstance)
    return made


def request(number: int) -> bytes:
    return b"MSG orders.price 1 _INBOX.c.%d 3\r\nabc\r\n" % number


def asked(service: ServiceInstance, subject: str) -> dict[str, Any]:
    """Return what an instance answers on a control subject."""
    feed(service, b"MSG %s 4 _INBOX.ask 0\r\n\r\n" % subject.encode(), 5_000)
    head, body, _ = service.next_bytes(6_000).split(b"\r\n")
    assert head == b"PUB _INBOX.ask %d" % len(body)
    answered: dict[str, Any] = json.loads(body)
    return answered


def test_instance__opening__shares_requests_and_listens_on_nine_control_subjects() -> None:
    opening = instance(10).opening().decode().splitlines()
    assert opening[:2] == ["SUB orders.price q 1", "UNSUB 1 10"]
    assert opening[2:] == [
        f"SUB $SRV.{verb}{which} {3 * number + place + 2}"
        for number, verb in enumerate(("PING", "INFO", "STATS"))
        for place, which in enumerate(("", ".prices", ".prices.j-0-7"))
    ]


STANDARD = {
    "name": "prices",
    "id": "j-0-7",
    "version": "1.2.3",
    "metadata": {"njst.io/job": "j"},
}
ENDPOINT = {"name": "serve", "subject": "orders.price", "queue_group": "q"}


def test_instance__asked_on_control_subjects__answers_documents_of_the_protocol() -> None:
    service = instance()
    assert asked(service, "$SRV.PING") == {"type": "io.nats.micro.v1.ping_response", **STANDARD}
    assert asked(service, "$SRV.INFO.prices") == {
        "type": "io.nats.micro.v1.info_response",
        **STANDARD,
        "description": "A service of njst under load",
        "endpoints": [{**ENDPOINT, "metadata": {}}],
    }
    assert asked(service, "$SRV.STATS.prices.j-0-7") == {
        "type": "io.nats.micro.v1.stats_response",
        **STANDARD,
        "started": "2023-11-14T22:13:20.000000Z",
        "endpoints": [
            {
                **ENDPOINT,
                "num_requests": 0,
                "num_errors": 0,
                "last_error": "",
                "processing_time": 0,
                "average_processing_time": 0,
            }
        ],
    }


def test_instance__asked_without_a_reply_subject__says_nothing() -> None:
    service = instance()
    feed(service, b"MSG $SRV.PING 2 0\r\n\r\n", 5_000)
    assert service.next_bytes(6_000) == b""


def test_instance__requests_answered__counts_them_and_their_time() -> None:
    service = instance()
    feed(service, request(0) + request(1), 10_000)
    with_headers = b"HMSG orders.price 1 _INBOX.c.2 18 18\r\nNATS/1.0\r\na: b\r\n\r\n\r\n"
    feed(service, with_headers, 11_000)
    assert service.next_bytes(13_000) == b"".join(ANSWER % n for n in range(3))
    (endpoint,) = asked(service, "$SRV.STATS")["endpoints"]
    assert endpoint["num_requests"] == 3
    assert endpoint["processing_time"] == 2 * 3_000 + 2_000
    assert endpoint["average_processing_time"] == 8_000 // 3
    assert service.recorder.tally().messages == 3


@given(st.integers(0, 100), st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_instance__error_percent__answers_exactly_that_share(share: int, groups: list[int]) -> None:
    service = instance(error_percent=share)
    out = b""
    for count in groups:
        feed(service, request(0) * count, 10_000)
        out += service.next_bytes(11_000)
    total = sum(groups)
    assert service.stats.errors == out.count(b"HPUB ") == total * share // 100
    assert out.count(b"\nPUB ") + out.startswith(b"PUB ") == total - service.stats.errors


def test_instance__connection_broken__drops_answers_and_begins_anew() -> None:
    service = instance()
    feed(service, request(0), 10_000)
    feed(service, b"MSG $SRV.PING 2 _INBOX.ask 0\r\n\r\n", 10_000)
    service.on_disconnect("reset", 20_000)
    assert service.next_bytes(30_000) == b""
    feed(service, request(1), 40_000)
    assert service.next_bytes(41_000) == ANSWER % 1
    assert (service.stats.requests, service.stats.processing_ns) == (2, 1_000)


def test_instance__with_all_its_messages__is_done_after_the_last_answer() -> None:
    service = instance(2)
    feed(service, request(0) + request(1), 10_000)
    assert not service.done
    assert service.next_bytes(11_000) == ANSWER % 0 + ANSWER % 1
    assert service.next_bytes(12_000) == b"PING\r\n"
    feed(service, b"PONG\r\n", 13_000)
    assert service.done


def _answer(number: int, header: bytes) -> bytes:
    block = b"NATS/1.0" + header + b"\r\n\r\n"
    head = b"HMSG _INBOX.c.%010x 1 %d %d\r\n" % (number, len(block), len(block))
    return head + block + b"\r\n"


@pytest.mark.parametrize(
    ("header", "error_class", "words"),
    [
        (
            b"\r\nNats-Service-Error: out of stock\r\nNats-Service-Error-Code: 503",
            ErrorClass.SERVICE_ERROR,
            "503 out of stock",
        ),
        (
            b"\r\nNats-Service-Error-Code:400\r\nOther: x\r\nNats-Service-Error:  bad id",
            ErrorClass.SERVICE_ERROR,
            "400 bad id",
        ),
        (b"\r\nNats-Service-Error-Code: 9", ErrorClass.SERVICE_ERROR, "9"),
        (b"\r\nNats-Service-Error: why", ErrorClass.SERVICE_ERROR, "why"),
        (b" 503", ErrorClass.NO_RESPONDERS, "503 no responders: nobody replies"),
    ],
)
def test_requester__bad_answer__fails_with_class_code_and_words(
    header: bytes, error_class: ErrorClass, words: str
) -> None:
    asker = client(ServiceOperation.REQUEST, 1)
    assert asker.next_bytes(2_000).startswith(b"PUB orders.price _INBOX.c.0000000000 2\r\n")
    feed(asker, _answer(0, header), 3_000)
    (error,) = asker.recorder.tally().errors
    assert (error.error_class, error.operations, error.example) == (error_class, 1, words)
    assert asker.done


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.lists(st.integers(1, 90), max_size=9))
def test_requester__answers_in_any_pieces__have_one_outcome_each(
    good: list[bool], cuts: list[int]
) -> None:
    asker = client(ServiceOperation.REQUEST, len(good), window=20)
    asker.next_bytes(2_000)
    data = b"".join(
        b"MSG _INBOX.c.%010x 1 2\r\nok\r\n" % number
        if is_good
        else _answer(number, b"\r\nNats-Service-Error: no\r\nNats-Service-Error-Code: 1")
        for number, is_good in enumerate(good)
    )
    rest, at = b"", 0
    for cut in [*cuts, len(data)]:
        rest, at = rest + data[at : at + cut], at + cut
        rest = rest[asker.scan(rest, 3_000) :]
        frames, used = parse(rest)
        for frame in frames:
            asker.on_frame(frame, 3_000)
        rest = rest[used:]
    tally = asker.recorder.tally()
    assert tally.messages == good.count(True)
    assert errors(tally).get(ErrorClass.SERVICE_ERROR, 0) == good.count(False)
    assert asker.done
