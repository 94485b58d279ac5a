"""Gets from the leader: frames to the byte, and the answers of a real server in any split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.kinds.get import GetMode, GetPlan
from njst.contract.kinds.key_value import KeyValueOperation, KeyValuePlan
from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.get.clients import get_client
from njst.load.kinds.key_value.clients import key_value_client
from njst.load.recording.recorder import Recorder
from njst.load.recording.shared_records import SharedRecords
from njst.load.requests.request_client import RequestClient
from tests.unit.load.builders import INBOX, answer, errors, feed, feed_some, started

# nats-server 2.15.1: with headers and payload, without either, and a refusal.
TYPE = b'{"type":"io.nats.jetstream.api.v1.stream_msg_get_response",'
TIME = b'"time":"2026-11-30T10:17:53.366920792Z"}}'
HELLO = (
    TYPE + b'"message":{"subject":"S.a","seq":1,"hdrs":"TkFUUy8xLjANCkE6IGINCg0K",'
    b'"data":"aGVsbG8=",' + TIME
)
EMPTY = TYPE + b'"message":{"subject":"S.a","seq":2,' + TIME
QUOTED = TYPE + b'"message":{"subject":"S.\\"","seq":1,"data":"aGVsbG9oZWxsbw==",' + TIME
GONE = TYPE + b'"error":{"code":404,"err_code":10037,"description":"no message found"}}'
ANSWERS = [HELLO, EMPTY, QUOTED, GONE]


def getter(messages: int, mode: GetMode = GetMode.SEQUENCE, window: int = 8) -> RequestClient:
    get = GetPlan(
        mode=mode,
        stream="S",
        window=window,
        subjects=["a"] if mode is GetMode.LAST_BY_SUBJECT else [],
        last_sequence=10,
        is_from_leader=True,
        timeout_ms=1000,
    )
    plan = ClientPlan(workload="w", index=0, messages=messages, api_prefix="$JS.hub.API", get=get)
    return started(
        get_client(plan, INBOX, Recorder("w", messages), SharedRecords("job", lambda: 0)), 1
    )


@pytest.mark.parametrize(
    ("mode", "body"),
    [(GetMode.SEQUENCE, b'{"seq":1}'), (GetMode.LAST_BY_SUBJECT, b'{"last_by_subj":"a"}')],
)
def test_frames_of_a_get_from_the_leader(mode: GetMode, body: bytes) -> None:
    frame = b"PUB $JS.hub.API.STREAM.MSG.GET.S %s.%010x %d\r\n%s\r\n"
    asked = frame % (INBOX.encode(), 0, len(body), body)
    assert getter(2, mode, window=1).next_bytes(1) == asked


def test_frame_of_a_key_from_the_leader() -> None:
    get = KeyValuePlan(
        operation=KeyValueOperation.GET,
        bucket="b",
        prefix="0",
        keys=2,
        value_bytes=0,
        is_from_leader=True,
        timeout_ms=1000,
    )
    plan = ClientPlan(workload="w", index=0, messages=2, key_value=get)
    shared = SharedRecords("job", lambda: 0)
    client = started(key_value_client(plan, INBOX, Recorder("w", 2), shared), 1)
    body = b'{"last_by_subj":"$KV.b.0.0"}'
    frame = b"PUB $JS.API.STREAM.MSG.GET.KV_b %s.%010x %d\r\n%s\r\n"
    assert client.next_bytes(1) == frame % (INBOX.encode(), 0, len(body), body)


@given(st.lists(st.integers(0, 600), max_size=5))
def test_answers__in_any_split__have_the_size_of_their_payload(cuts: list[int]) -> None:
    client = getter(len(ANSWERS))
    client.next_bytes(1)
    data = b"".join(answer(number, body) for number, body in enumerate(ANSWERS))
    begin, rest = 0, b""
    for end in [*sorted(cut for cut in cuts if cut < len(data)), len(data)]:
        rest = feed_some(client, rest + data[begin:end], 2)
        begin = end
    assert rest == b""
    tally = client.recorder.tally()
    assert (tally.messages, tally.bytes) == (3, len("hello") + len("hellohello"))
    assert errors(tally) == {ErrorClass.NOT_FOUND: 1}
    assert client.done


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", TYPE + b'"message":3}', TYPE + b'"m":{}}'])
def test_answer__that_is_no_message__is_an_error(body: bytes) -> None:
    client = getter(1)
    client.next_bytes(1)
    feed(client, answer(0, body), 2)
    assert errors(client.recorder.tally()) == {ErrorClass.PROTOCOL: 1}
