"""Objects of a store: golden bytes, and what becomes of an object under any fate of its calls."""

import hashlib
import json
import re
import zlib
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from njst.contract.kinds.object_store import ObjectStoreOperation, ObjectStorePlan
from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.object_store.object_steps import Content
from njst.load.kinds.object_store.objects import ObjectCodec
from njst.load.kinds.object_store.store_frames import ObjectInfo, StoreFrames, parse_info
from njst.load.recording.recorder import Recorder
from njst.load.requests.client_factory import request_client
from njst.load.requests.request_client import RequestClient
from tests.unit.load.builders import INBOX, SECOND, answer, errors, feed, started

NUID = "abcdefabcdef"
META = "$O.b.M.MC0w"  # of object 0-0


def client(operation: ObjectStoreOperation, messages: int, **how: Any) -> RequestClient:
    store = {"object_bytes": 250, "chunk_bytes": 100, "window": 2, "objects": 1, **how}
    plan = ClientPlan(
        workload="w",
        index=0,
        messages=messages,
        object_store=ObjectStorePlan(
            operation=operation,
            job="j",
            bucket="b",
            prefix="0",
            consumer="njst-j-w-0",
            timeout_ms=1000,
            **store,
        ),
    )
    codec = ObjectCodec(plan, INBOX, NUID)
    return started(request_client(plan, INBOX, Recorder("w", messages), codec), 1)


_FRAME = re.compile(rb"H?PUB (\S+) (?:_INBOX\.test\.([0-9a-f]{10}) )?(?:\d+ )?(\d+)\r\n")


def sent(workload: RequestClient, now_ns: int) -> list[tuple[str, int, bytes]]:
    """(subject, number, body) of all that is sent until an answer must come."""
    found = []
    while data := workload.next_bytes(now_ns):
        while data:
            head = _FRAME.match(data)
            assert head is not None, data[:80]
            end = head.end() + int(head[3])
            found.append((head[1].decode(), int(head[2] or b"0", 16), data[head.end() : end]))
            data = data[end + 2 :]
    return found


def status(number: int, words: bytes) -> bytes:
    return answer(number, header=b"NATS/1.0 %s\r\n\r\n" % words)


def stored(number: int) -> bytes:
    return answer(number, b'{"stream":"OBJ_b","seq":7}')


def full(number: int) -> bytes:
    error = b'{"error":{"code":503,"err_code":10077,"description":"full"},"stream":"OBJ_b","seq":0}'
    return answer(number, error)


def done(number: int) -> bytes:
    return answer(number, b'{"type":"io.nats.jetstream.api.v1.x_response","success":true}')


def chunk(number: int, sequence: int, body: bytes, pending: int) -> bytes:
    ack = b"$JS.ACK.OBJ_b.njst-j-w-0-%010x.1.9.%d.17.%d" % (number, sequence, pending)
    return b"MSG $O.b.C.x 2 %s %d\r\n%s\r\n" % (ack, len(body), body)


def description(content: bytes, chunks: int, **change: Any) -> bytes:
    digest = urlsafe_b64encode(hashlib.sha256(content).digest()).decode()
    document = {
        "name": "0-0",
        "nuid": "old",
        "size": len(content),
        "chunks": chunks,
        "digest": f"SHA-256={digest}",
    }
    return json.dumps({**document, **change}).encode()


def test_the_frames_are_these_bytes() -> None:
    frames = StoreFrames("b", "$JS.API", INBOX)
    assert frames.info("0-0", 10) == (
        b"PUB $JS.API.DIRECT.GET.OBJ_b.$O.b.M.MC0w _INBOX.test.000000000a 0\r\n\r\n"
    )
    assert frames.chunk("n", b"hi", 1) == b"PUB $O.b.C.n _INBOX.test.0000000001 2\r\nhi\r\n"
    assert frames.describe(ObjectInfo("0-0", "n", 2, 1, "SHA-256=x"), 100, 1) == (
        b"HPUB $O.b.M.MC0w _INBOX.test.0000000001 30 142\r\nNATS/1.0\r\nNats-Rollup: sub\r\n\r\n"
        b'{"name":"0-0","options":{"max_chunk_size":100},"bucket":"b","nuid":"n","size":2,'
        b'"chunks":1,"digest":"SHA-256=x"}\r\n'
    )
    assert frames.purge("n", 1) == (
        b'PUB $JS.API.STREAM.PURGE.OBJ_b _INBOX.test.0000000001 21\r\n{"filter":"$O.b.C.n"}\r\n'
    )
    body = (
        b'{"stream_name":"OBJ_b","config":{"name":"c","deliver_policy":"all","ack_policy":"none",'
        b'"replay_policy":"instant","max_deliver":1,"filter_subject":"$O.b.C.n",'
        b'"deliver_subject":"_INBOX.test.chunks.all","flow_control":true,'
        b'"idle_heartbeat":5000000000,"inactive_threshold":300000000000,"mem_storage":true,'
        b'"num_replicas":1,"metadata":{"njst.io/job":"j"}},"action":"create"}'
    )
    assert frames.consume("c", "n", "j", 1) == (
        b"PUB $JS.API.CONSUMER.CREATE.OBJ_b.c.$O.b.C.n _INBOX.test.0000000001 %d\r\n%s\r\n"
        % (len(body), body)
    )
    assert frames.forget("c", 1) == (
        b"PUB $JS.API.CONSUMER.DELETE.OBJ_b.c _INBOX.test.0000000001 0\r\n\r\n"
    )


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{}",
        b'{"name":"x"}',
        b'{"name":"x","nuid":"n","size":"many"}',
        b'{"name":"x","nuid":"n","options":{"link":{"bucket":"c"}}}',
    ],
)
def test_what_is_no_description_of_chunks_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_info(payload)


def test_a_put_from_the_first_call_to_the_last() -> None:
    workload = client(ObjectStoreOperation.PUT, 1)
    assert workload.opening() == b"SUB _INBOX.test.* 1\r\nSUB _INBOX.test.chunks.all 2\r\n"
    assert sent(workload, 10) == [(f"$JS.API.DIRECT.GET.OBJ_b.{META}", 0, b"")]
    feed(workload, answer(0, description(b"x", 1)))
    chunks = sent(workload, 20)
    assert [subject for subject, _, _ in chunks] == [f"$O.b.C.{NUID}0000000000"] * 2
    feed(workload, stored(0))
    chunks += sent(workload, 30)
    assert [len(body) for _, _, body in chunks] == [100, 100, 50], "two at a time, three in all"
    feed(workload, stored(0))
    assert sent(workload, 40) == [], "described when all chunks are stored"
    feed(workload, stored(0))
    ((subject, _, body),) = sent(workload, 50)
    assert subject == META
    content = b"".join(body for _, _, body in chunks)
    info = parse_info(body.partition(b"\r\n\r\n")[2])
    digest = urlsafe_b64encode(hashlib.sha256(content).digest()).decode()
    assert info == ObjectInfo("0-0", f"{NUID}0000000000", 250, 3, f"SHA-256={digest}")
    feed(workload, stored(0))
    assert sent(workload, 60) == [("$JS.API.STREAM.PURGE.OBJ_b", 0, b'{"filter":"$O.b.C.old"}')]
    feed(workload, done(0), 1_000_010)
    assert workload.done
    assert (workload.recorder.messages, workload.recorder.bytes) == (1, 250)
    assert workload.recorder.tally().elapsed_us == 1_000


def test_objects_are_as_random_as_they_look() -> None:
    store = client(ObjectStoreOperation.PUT, 1, object_bytes=300_000, chunk_bytes=7_000)
    content = Content(store._codec._store, 3)
    objects = [b"".join(content.chunks(number)) for number in range(4)]
    assert [len(one) for one in objects] == [300_000] * 4
    chunks = [part for number in range(4) for part in content.chunks(number)]
    assert len(set(chunks)) == len(chunks) == 4 * 43
    assert len(zlib.compress(b"".join(objects))) > 0.99 * 1_200_000
    tails = {part[100:200] for part in chunks}
    assert len(tails) == len(chunks), "nor do they share what follows their beginning"


def test_the_first_put_of_a_name_has_nothing_to_remove() -> None:
    for reply in (
        status(0, b"404 Message Not Found"),
        answer(0, description(b"", 0, deleted=True)),
    ):
        workload = client(ObjectStoreOperation.PUT, 1, object_bytes=0)
        sent(workload, 10)
        feed(workload, reply)
        ((subject, _, _),) = sent(workload, 20)
        assert subject == META, "an empty object has no chunks"
        feed(workload, stored(0))
        assert sent(workload, 30) == []
        assert workload.done


@pytest.mark.parametrize("fate", ["refused", "lost", "break"])
@pytest.mark.parametrize("answered", range(5))
def test_an_object_that_is_not_described_leaves_no_chunks(answered: int, fate: str) -> None:
    """After so many good answers (description, three chunks, description) comes a bad one."""
    workload = client(ObjectStoreOperation.PUT, 2)
    sent(workload, 10)
    answers = [status(0, b"404"), stored(0), stored(0), stored(0), stored(0)]
    for reply in answers[:answered]:
        feed(workload, reply, 20)
        sent(workload, 20)
    if fate == "refused":
        feed(workload, full(0) if answered else status(0, b"503"), 30)
    elif fate == "break":
        workload.on_disconnect("reset", 30)
    workload.on_time(30 + 2 * SECOND)
    after = [(subject, body) for subject, _, body in sent(workload, 30 + 2 * SECOND)]
    purge = ("$JS.API.STREAM.PURGE.OBJ_b", b'{"filter":"$O.b.C.%s0000000000"}' % NUID.encode())
    # A description without an answer may be there, and then its chunks must be.
    unknown = answered == 4 and fate != "refused"
    assert after == [purge] * (answered > 0 and not unknown) + [
        (f"$JS.API.DIRECT.GET.OBJ_b.{META}", b"")
    ]
    feed(workload, stored(0) + done(0) + status(0, b"404"), 31 + 2 * SECOND)
    assert sent(workload, 31 + 2 * SECOND) == [], "what comes too late changes nothing"
    error_class = {"lost": ErrorClass.TIMEOUT, "break": ErrorClass.DISCONNECTED}.get(fate)
    found = errors(workload.recorder.tally())
    assert sum(found.values()) == 1
    assert error_class is None or error_class in found
    assert workload.recorder.messages == 0


def test_failed_purge_of_old_chunks_fails_the_put_and_keeps_the_new_ones() -> None:
    workload = client(ObjectStoreOperation.PUT, 1, object_bytes=100)
    sent(workload, 10)
    for reply in (answer(0, description(b"x", 1)), stored(0), stored(0)):
        feed(workload, reply)
        sent(workload, 20)
    feed(workload, full(0))
    assert errors(workload.recorder.tally()) == {ErrorClass.LIMIT_EXCEEDED: 1}
    assert sent(workload, 30) == []
    assert workload.done


def getting(content: list[bytes], **change: Any) -> RequestClient:
    workload = client(ObjectStoreOperation.GET, 1)
    sent(workload, 10)
    feed(workload, answer(0, description(b"".join(content), len(content), **change)))
    return workload


CONTENT = [b"a" * 100, b"b" * 100, b"c"]
FORGET = ("$JS.API.CONSUMER.DELETE.OBJ_b.njst-j-w-0-0000000000", 0, b"")


def test_a_get_from_the_first_call_to_the_last() -> None:
    workload = getting(CONTENT)
    ((subject, _, _),) = sent(workload, 20)
    assert subject == "$JS.API.CONSUMER.CREATE.OBJ_b.njst-j-w-0-0000000000.$O.b.C.old"
    feed(workload, chunk(0, 1, CONTENT[0], 2) + done(0) + chunk(0, 2, CONTENT[1], 1))
    header = b"NATS/1.0 100 FlowControl Request\r\n\r\n"
    sizes = (len(header), len(header))
    feed(workload, b"HMSG _INBOX.test.chunks.all 2 $JS.FC.x %d %d\r\n%s\r\n" % (*sizes, header))
    assert sent(workload, 30) == [("$JS.FC.x", 0, b"")], "the server waits for this"
    assert not workload.done
    feed(workload, chunk(0, 3, CONTENT[2], 0), 2_000_010)
    assert workload.recorder.messages == 1
    assert not workload.done, "the consumer is still to be removed"
    assert sent(workload, 40) == [FORGET]
    assert workload.done
    assert (workload.recorder.bytes, workload.recorder.tally().elapsed_us) == (201, 2_000)


@pytest.mark.parametrize(
    ("change", "deliveries", "error_class"),
    [
        ({}, [(1, 0, 2), (3, 2, 0)], ErrorClass.GAP),
        ({}, [(1, 0, 1), (2, 1, 0)], ErrorClass.LOST),
        ({}, [(1, 0, 2), (2, 2, 1), (3, 1, 0)], ErrorClass.CORRUPTED),
        ({"size": 200}, [(1, 0, 2), (2, 1, 1), (3, 2, 0)], ErrorClass.CORRUPTED),
        ({"digest": "SHA-256=!"}, [(1, 0, 2), (2, 1, 1), (3, 2, 0)], ErrorClass.CORRUPTED),
        ({"digest": ""}, [(1, 0, 2), (2, 1, 1), (3, 2, 0)], ErrorClass.CORRUPTED),
    ],
)
def test_what_is_wrong_with_an_object_is_named(
    change: dict[str, Any], deliveries: list[tuple[int, int, int]], error_class: ErrorClass
) -> None:
    workload = getting(CONTENT, **change)
    sent(workload, 20)
    for sequence, part, pending in deliveries:
        feed(workload, chunk(0, sequence, CONTENT[part], pending))
    assert errors(workload.recorder.tally()) == {error_class: 1}
    assert sent(workload, 30) == [FORGET]
    feed(workload, chunk(0, 9, b"late", 0))
    assert workload.done
    assert errors(workload.recorder.tally()) == {error_class: 1}


def test_an_empty_object_needs_no_consumer_and_a_deleted_one_is_not_found() -> None:
    workload = getting([])
    assert workload.done
    assert (workload.recorder.messages, workload.recorder.bytes) == (1, 0)
    workload = getting([], deleted=True)
    assert errors(workload.recorder.tally()) == {ErrorClass.NOT_FOUND: 1}
    workload = getting(CONTENT, options={"link": {"bucket": "c"}})
    assert errors(workload.recorder.tally()) == {ErrorClass.PROTOCOL: 1}
    assert sent(workload, 30) == []
    assert workload.done


def test_a_get_that_takes_too_long_removes_its_consumer() -> None:
    workload = getting(CONTENT)
    sent(workload, 20)
    feed(workload, chunk(0, 1, CONTENT[0], 2))
    workload.on_time(2 * SECOND)
    assert sent(workload, 2 * SECOND) == [FORGET]
    assert workload.done
    assert errors(workload.recorder.tally()) == {ErrorClass.TIMEOUT: 1}


def test_a_delete_marks_and_purges() -> None:
    workload = client(ObjectStoreOperation.DELETE, 1)
    sent(workload, 10)
    feed(workload, answer(0, description(b"x", 1)))
    ((subject, _, body),) = sent(workload, 20)
    assert subject == META
    assert json.loads(body.partition(b"\r\n\r\n")[2])["deleted"] is True
    feed(workload, stored(0))
    assert sent(workload, 30) == [("$JS.API.STREAM.PURGE.OBJ_b", 0, b'{"filter":"$O.b.C.old"}')]
    feed(workload, done(0))
    assert workload.done
    assert (workload.recorder.messages, workload.recorder.bytes) == (1, 0)
