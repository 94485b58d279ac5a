"""Gets of many messages: frames to the byte, and answers in any split of the input."""

import re

from hypothesis import given
from hypothesis import strategies as st

from njst.contract.fields import Order
from njst.contract.kinds.get import GetMode, GetPlan
from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.get.batch_get import MultiLastCodec
from njst.load.kinds.get.clients import get_client
from njst.load.protocol.jetstream_answers import Failure
from njst.load.protocol.parser import MessageFrame, parse
from njst.load.recording.recorder import Recorder
from njst.load.recording.shared_records import SharedRecords
from njst.load.requests.request_client import RequestClient
from tests.unit.load.builders import INBOX, answer, errors, feed_some, started


def getter(
    messages: int,
    mode: GetMode,
    *,
    subjects: tuple[str, ...] = (),
    batch: int = 2,
    window: int = 2,
    order: Order = Order.SEQUENTIAL,
) -> RequestClient:
    get = GetPlan(
        mode=mode,
        stream="S",
        order=order,
        window=window,
        batch=batch,
        subjects=list(subjects),
        last_sequence=10,
        timeout_ms=1000,
    )
    plan = ClientPlan(workload="w", index=0, messages=messages, api_prefix="$JS.hub.API", get=get)
    return started(
        get_client(plan, INBOX, Recorder("w", messages), SharedRecords("job", lambda: 0)), 1
    )


def part(token: int, payload: bytes) -> bytes:
    return answer(token, payload, b"NATS/1.0\r\nNats-Subject: a\r\n\r\n")


def status(token: int, words: bytes) -> bytes:
    return answer(token, header=b"NATS/1.0 %s\r\nNats-Num-Pending: 0\r\n\r\n" % words)


END = b"204 EOB"


def test_the_frames_of_a_multi_last() -> None:
    workload = getter(3, GetMode.MULTI_LAST, subjects=("a.0", "a.1", "a.2"))
    assert workload.next_bytes(1) == (
        b'PUB $JS.hub.API.DIRECT.GET.S _INBOX.test.0000000000 28\r\n{"multi_last":["a.0","a.1"]}'
        b"\r\nPUB $JS.hub.API.DIRECT.GET.S _INBOX.test.0000000001 28\r\n"
        b'{"multi_last":["a.2","a.0"]}\r\n'
    )


def test_the_frames_of_a_batch() -> None:
    workload = getter(5, GetMode.BATCH, batch=3)
    assert workload.next_bytes(1) == (
        b'PUB $JS.hub.API.DIRECT.GET.S _INBOX.test.0000000000 19\r\n{"batch":3,"seq":1}\r\n'
        b'PUB $JS.hub.API.DIRECT.GET.S _INBOX.test.0000000003 19\r\n{"batch":2,"seq":4}\r\n'
    )


def test_the_pages_of_a_subject_follow_each_other_and_begin_anew() -> None:
    workload = getter(9, GetMode.BATCH, subjects=("a.*",), batch=2, window=1)
    starts = []
    for number, left in enumerate((3, 1, 3, 0, 0)):
        found = re.fullmatch(
            rb"PUB \$JS\.hub\.API\.DIRECT\.GET\.S _INBOX\.test\.%010x \d+\r\n"
            rb'\{"batch":(\d),"seq":(\d+),"next_by_subj":"a\.\*"\}\r\n' % (2 * number),
            workload.next_bytes(1),
        )
        assert found is not None
        starts.append(int(found[2]))
        end = b"204 EOB\r\nNats-Last-Sequence: %d\r\nNats-Num-Pending: %d" % (40 + number, left)
        feed_some(workload, part(2 * number, b"x") * int(found[1]) + status(2 * number, end), 5)
    assert workload.done
    assert (workload.recorder.messages, errors(workload.recorder.tally())) == (9, {})
    # Three are left: a whole page. One is: no page, from the first. Then one for the last message.
    assert starts == [1, 41, 1, 43, 1]


@given(st.lists(st.integers(1, 400), max_size=6))
def test_an_answer_is_complete_with_its_end_however_it_is_cut(cuts: list[int]) -> None:
    workload = getter(2, GetMode.MULTI_LAST, subjects=("a", "b"))
    workload.next_bytes(1)
    whole = part(0, b"xx") + part(1, b"y") + part(0, b"") + status(0, END)
    rest, begin = b"", 0
    for end in [*sorted(cuts), len(whole)]:
        rest = feed_some(workload, rest + whole[begin:end], 5)
        begin = max(begin, end)
    assert workload.recorder.messages == 1
    assert workload.recorder.bytes == 2
    assert feed_some(workload, part(1, b"z") + status(1, END), 6) == b""
    assert workload.done
    assert (workload.recorder.messages, workload.recorder.bytes) == (2, 4)


def test_batch_get_with_missing_messages_fails_unless_uncountable() -> None:
    for subjects, found in ((("a", "b"), {ErrorClass.NOT_FOUND: 1}), (("a.*", "b"), {})):
        workload = getter(1, GetMode.MULTI_LAST, subjects=subjects)
        workload.next_bytes(1)
        feed_some(workload, part(0, b"xx") + status(0, END), 5)
        assert workload.done
        assert errors(workload.recorder.tally()) == found


def test_refusals_have_their_class() -> None:
    workload = getter(3, GetMode.MULTI_LAST, subjects=("a", "b"))
    workload.next_bytes(1)
    feed_some(workload, status(0, b"404 No Results") + status(1, b"413 Too Many Results"), 5)
    workload.next_bytes(6)
    feed_some(workload, status(2, b"503"), 7)
    assert errors(workload.recorder.tally()) == {
        ErrorClass.NOT_FOUND: 1,
        ErrorClass.LIMIT_EXCEEDED: 1,
        ErrorClass.NO_RESPONDERS: 1,
    }


def test_half_an_answer_is_forgotten_with_its_request() -> None:
    names = ["a", "b"]
    get = GetPlan(mode=GetMode.MULTI_LAST, stream="S", batch=2, subjects=names, timeout_ms=1)
    requests = MultiLastCodec(get, "S", INBOX, lambda number: names[number % 2].encode())
    assert requests.scan(part(0, b"xx") + part(1, b"yy")).numbers == []
    requests.forget([0])
    ((end,), _) = parse(status(0, END))
    assert isinstance(end, MessageFrame)
    assert requests.answer(0, end) == Failure(
        ErrorClass.NOT_FOUND, "0 of 2 messages of one request"
    )
