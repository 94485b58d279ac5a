"""Compare-and-set: what a message says that it expects, and what its client learns."""

import re

from njst.contract.kinds.publish import Expect, PublishMode
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.publish.clients import single_publish_client
from njst.load.recording.recorder import Recorder
from njst.load.requests.request_client import RequestClient
from tests.unit.load.builders import INBOX, feed, puback, publish_plan, refusal, started

_FRAME = re.compile(
    rb"HPUB (\S+) \S+ (\d+) (\d+)\r\nNATS/1\.0\r\nNats-Expected-Last-(Sequence|Subject-Sequence): "
    rb"(\d+)\r\nA: b\r\n\r\n.{10}\r\n",
    re.DOTALL,
)


def publisher(expect: Expect, *, last: int = 0, subjects: int = 1) -> RequestClient:
    plan = publish_plan(
        100,
        mode=PublishMode.SYNCHRONOUS,
        window=1,
        subjects=["s"],
        subject_count=subjects,
        fixed_headers=[("A", "b")],
        expect=expect,
        last_sequence=last,
    )
    return started(single_publish_client(plan, INBOX, Recorder("w", 100), "job"))


def expected(data: bytes) -> tuple[str, int] | None:
    """The subject and what is expected of it; None for a frame without a condition."""
    found = _FRAME.fullmatch(data)
    if found is None:
        assert data.startswith(b"HPUB s")
        assert b"Nats-Expected" not in data
        return None
    header = data.index(b"\r\n\r\n") + 4 - data.index(b"NATS/1.0")
    assert (int(found[2]), int(found[3])) == (header, header + 10)
    return found[1].decode(), int(found[5])


def stored(workload: RequestClient, number: int, sequence: int) -> None:
    feed(workload, puback(number, sequence))


def refused(workload: RequestClient, number: int, words: bytes, code: int) -> None:
    feed(workload, refusal(number, code, words.decode()))


def test_a_frame_is_these_bytes() -> None:
    data = publisher(Expect.LAST_SEQUENCE, last=41).next_bytes(1)
    assert data.startswith(
        b"HPUB s _INBOX.test.0000000000 68 78\r\nNATS/1.0\r\n"
        b"Nats-Expected-Last-Sequence: 0000000000000000041\r\nA: b\r\n\r\n"
    )


def test_one_message_at_a_time_expects_what_the_last_answer_said() -> None:
    workload = publisher(Expect.LAST_SEQUENCE, subjects=2)
    assert expected(workload.next_bytes(1)) == ("s.0", 0)
    assert workload.next_bytes(1) == b""
    stored(workload, 0, 1)
    assert expected(workload.next_bytes(1)) == ("s.1", 1)
    stored(workload, 1, 9)
    assert expected(workload.next_bytes(1)) == ("s.0", 9)


def test_each_subject_has_its_own_last_sequence() -> None:
    workload = publisher(Expect.LAST_SUBJECT_SEQUENCE, subjects=2)
    for number, (subject, known) in enumerate((("s.0", 0), ("s.1", 0), ("s.0", 1), ("s.1", 2))):
        assert expected(workload.next_bytes(1)) == (subject, known)
        stored(workload, number, number + 1)


def test_a_subject_that_may_have_had_messages_is_asked_first() -> None:
    workload = publisher(Expect.LAST_SUBJECT_SEQUENCE, last=7)
    assert expected(workload.next_bytes(1)) is None
    stored(workload, 0, 12)
    assert expected(workload.next_bytes(1)) == ("s", 12)


def test_a_refusal_is_counted_and_teaches_what_it_says() -> None:
    workload = publisher(Expect.LAST_SEQUENCE)
    workload.next_bytes(1)
    refused(workload, 0, b"wrong last sequence: 5", 10071)
    assert expected(workload.next_bytes(1)) == ("s", 5)
    # A cluster may not know yet what the last one will be.
    refused(workload, 1, b"wrong last sequence", 10164)
    assert expected(workload.next_bytes(1)) == ("s", 5)
    (error,) = workload.recorder.tally().errors
    assert (error.error_class, error.count) == (ErrorClass.WRONG_SEQUENCE, 2)


def test_after_a_lost_answer_the_next_one_tells() -> None:
    workload = publisher(Expect.LAST_SEQUENCE)
    workload.next_bytes(1)
    workload.on_time(2_000_000_000)
    assert expected(workload.next_bytes(2_000_000_000)) == ("s", 0)
    stored(workload, 0, 1)
    refused(workload, 1, b"wrong last sequence: 1", 10071)
    assert expected(workload.next_bytes(2_000_000_001)) == ("s", 1)
    assert workload.recorder.messages == 0
