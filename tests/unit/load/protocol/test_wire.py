"""The wire: golden bytes out, and any split of any input in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.results.tallies import ErrorClass
from njst.load.protocol import encoder
from njst.load.protocol.jetstream_answers import (
    Delivery,
    Failure,
    JetStreamStatus,
    Stored,
    consumer_sequences,
    counted_bytes,
    delivery_of,
    last_sequence_in,
    pin_of,
    publish_answer,
    status_of,
    stored_ns,
)
from njst.load.protocol.parser import (
    Frame,
    Info,
    MessageFrame,
    Ok,
    Ping,
    Pong,
    ProtocolError,
    ServerError,
    parse,
)
from njst.load.templates.frame_cycle import FrameCycle
from njst.load.templates.frame_layout import OPEN_INSTANT, FrameSettings, scheduled_row


def test_frames_that_are_sent_are_these_bytes() -> None:
    assert encoder.connect({"verbose": False, "name": "x"}) == (
        b'CONNECT {"verbose":false,"name":"x"}\r\n'
    )
    assert encoder.sub("_INBOX.a.*", 1) == b"SUB _INBOX.a.* 1\r\n"
    assert encoder.sub("d", 2, "g") == b"SUB d g 2\r\n"
    assert encoder.unsub(1) == b"UNSUB 1\r\n"
    assert encoder.unsub_after(1, 500) == b"UNSUB 1 500\r\n"
    assert encoder.pub("a.b", b"hi") == b"PUB a.b 2\r\nhi\r\n"
    assert encoder.pub("a.b", b"", "r") == b"PUB a.b r 0\r\n\r\n"
    assert encoder.acks([]) == b""
    assert encoder.acks([b"$JS.ACK.1"]) == b"PUB $JS.ACK.1 4\r\n+ACK\r\n"
    assert encoder.naks([b"x", b"y"]) == b"PUB x 4\r\n-NAK\r\nPUB y 4\r\n-NAK\r\n"
    assert encoder.naks([b"x"], 1500) == b'PUB x 25\r\n-NAK {"delay":1500000000}\r\n'
    assert encoder.terms([]) == b""
    assert encoder.terms([b"x", b"y"]) == b"PUB x 5\r\n+TERM\r\nPUB y 5\r\n+TERM\r\n"
    assert encoder.in_progress([b"x"]) == b"PUB x 4\r\n+WPI\r\n"
    assert encoder.acks([], "i") == b""
    assert encoder.acks([b"x", b"y"], "i") == (b"PUB x i 4\r\n+ACK\r\nPUB y i 4\r\n+ACK\r\n")
    assert encoder.acks([b"x", b"y"]) == b"PUB x 4\r\n+ACK\r\nPUB y 4\r\n+ACK\r\n"


def test_an_instant_has_nine_digits_of_a_second_in_utc() -> None:
    assert encoder.instant(0) == b"1970-01-01T00:00:00.000000000Z"
    assert encoder.instant(1_700_000_000_123_456_789) == b"2023-11-14T22:13:20.123456789Z"
    assert len(encoder.instant(0)) == len(OPEN_INSTANT)


def test_a_schedule_is_these_bytes() -> None:
    settings = FrameSettings("i", 1, 2, [("A", "b")], id_prefix="j-0-3")
    cycle = FrameCycle([scheduled_row(settings, "s.x", b"hello")])
    frame = cycle.encode(255, 1, 0)
    assert frame == (
        b"HPUB s.x.schedule.j-0-3-00000000ff i.00000000ff 96 101\r\nNATS/1.0\r\n"
        b"Nats-Schedule: @at 0000-00-00T00:00:00.000000000Z\r\n"
        b"Nats-Schedule-Target: s.x\r\nA: b\r\n\r\nhello\r\n"
    )
    assert len(frame.split(b"\r\n", 1)[1]) == 101 + 2


INPUT: list[tuple[bytes, Frame]] = [
    (b'INFO {"server_id":"x"} \r\n', Info(b'{"server_id":"x"} ')),
    (b"PING\r\n", Ping()),
    (b"ping\r\n", Ping()),
    (b"PONG\r\n", Pong()),
    (b"+OK\r\n", Ok()),
    (b"-ERR 'Authorization Violation'\r\n", ServerError("Authorization Violation")),
    (b"MSG a.b 1 5\r\nhello\r\n", MessageFrame(b"a.b", 1, b"", b"", b"hello")),
    (b"MSG a.b 1 r.1 0\r\n\r\n", MessageFrame(b"a.b", 1, b"r.1", b"", b"")),
    (b"MSG a.b 1 4\r\n\r\n\r\n\r\n", MessageFrame(b"a.b", 1, b"", b"", b"\r\n\r\n")),
    (
        b"HMSG a 9 r 16 18\r\nNATS/1.0 503\r\n\r\nhi\r\n",
        MessageFrame(b"a", 9, b"r", b"NATS/1.0 503\r\n\r\n", b"hi"),
    ),
]


@pytest.mark.parametrize(("data", "frame"), INPUT, ids=[repr(data[:20]) for data, _ in INPUT])
def test_a_frame_is_read_whole_bytewise_and_with_something_behind_it(
    data: bytes, frame: Frame
) -> None:
    assert parse(data) == ([frame], len(data))
    assert parse(data + b"PIN") == ([frame], len(data))
    for cut in range(len(data)):
        frames, used = parse(data[:cut])
        assert (frames, used) == ([], 0), "half a frame is none"


@given(st.lists(st.sampled_from(INPUT), max_size=12), st.data())
def test_every_split_of_the_input_gives_the_same_frames(
    parts: list[tuple[bytes, Frame]], data: st.DataObject
) -> None:
    whole = b"".join(part for part, _ in parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    found: list[Frame] = []
    rest = b""
    for begin, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        rest += whole[begin:end]
        frames, used = parse(rest)
        found += frames
        rest = rest[used:]
    assert found == [frame for _, frame in parts]
    assert rest == b""


@given(st.one_of(st.binary(max_size=200), st.text("MSGHINFOPERK +-1290.\r\n{}", max_size=80)))
def test_any_bytes_are_frames_or_a_protocol_error(noise: bytes | str) -> None:
    data = noise if isinstance(noise, bytes) else noise.encode()
    try:
        frames, used = parse(data)
    except ProtocolError:
        return
    assert 0 <= used <= len(data)
    assert bool(frames) == bool(used)


@pytest.mark.parametrize(
    "data",
    [
        b"MSG a 1 -2\r\n",
        b"MSG a 1 99999999999\r\n",
        b"MSG a 1 99999999\r\n",
        b"MSG a x 2\r\nhi\r\n",
        b"MSG a 1 2\r\nhiXX",
        b"MSG a\r\n",
        b"HMSG a 1 9 5\r\n",
        b"PING now\r\n",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"\x00\x01\x02",
        b"M" * (1024 * 1024 + 2),
        b"INFO" + b" " * (1024 * 1024 + 2),
    ],
    ids=lambda data: repr(data[:20]),
)
def test_what_no_server_sends_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse(data)


def reply(payload: bytes, header: bytes = b"") -> MessageFrame:
    return MessageFrame(b"_INBOX.x.7", 1, b"", header, payload)


@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        (b'{"stream":"S","seq":1}', Stored(duplicate=False, sequence=1)),
        (b'{"stream":"S","domain":"hub","seq":2}', Stored(duplicate=False, sequence=2)),
        (b'{"stream":"S","seq":3,"duplicate":true}', Stored(duplicate=True, sequence=3)),
    ],
)
def test_an_acknowledgement(payload: bytes, answer: Stored) -> None:
    assert publish_answer(reply(payload)) == answer


@pytest.mark.parametrize(
    ("code", "error_class"),
    [
        (10077, ErrorClass.LIMIT_EXCEEDED),
        (10047, ErrorClass.LIMIT_EXCEEDED),
        (10167, ErrorClass.TOO_MANY_REQUESTS),
        (10071, ErrorClass.WRONG_SEQUENCE),
        (10164, ErrorClass.WRONG_SEQUENCE),
        (10060, ErrorClass.WRONG_SEQUENCE),
        (10059, ErrorClass.NO_STREAM),
        (10054, ErrorClass.PAYLOAD_TOO_LARGE),
        (99999, ErrorClass.OTHER),
    ],
)
def test_an_error_acknowledgement_of_any_code_has_a_class(
    code: int, error_class: ErrorClass
) -> None:
    payload = b'{"error":{"code":400,"err_code":%d,"description":"why"},"stream":"S","seq":0}'
    answer = publish_answer(reply(payload % code))
    assert isinstance(answer, Failure)
    assert answer.error_class is error_class
    assert answer.words == f"why ({code})"


@pytest.mark.parametrize(
    "payload", [b"", b"{}", b"[]", b"null", b"{", b'{"stream":1,"seq":2}', b'{"error":1}', b"\xff"]
)
def test_an_answer_that_is_none_is_a_protocol_error_and_no_crash(payload: bytes) -> None:
    answer = publish_answer(reply(payload))
    assert isinstance(answer, Failure)
    assert answer.error_class is ErrorClass.PROTOCOL


def test_a_refusal_names_the_last_sequence_or_does_not() -> None:
    assert last_sequence_in("wrong last sequence: 17 (10071)") == 17
    assert last_sequence_in("wrong last sequence (10164)") is None


def test_no_stream_listens() -> None:
    answer = publish_answer(reply(b"", b"NATS/1.0 503\r\n\r\n"))
    assert isinstance(answer, Failure)
    assert answer.error_class is ErrorClass.NO_RESPONDERS


def test_a_status_gives_back_what_is_pending() -> None:
    header = b"NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 12\r\n\r\n"
    assert status_of(reply(b"", header)) == JetStreamStatus(408, "Request Timeout", 12)
    assert status_of(reply(b"", b"NATS/1.0 100\r\n\r\n")) == JetStreamStatus(100, "", None)
    assert status_of(reply(b"x", b"NATS/1.0\r\nA: b\r\n\r\n")) is None


def test_the_last_pin_of_a_chunk_counts_and_a_payload_is_no_header() -> None:
    pinned = b"NATS/1.0\r\nA: b\r\nNats-Pin-Id: %s\r\n\r\n"
    assert pin_of(pinned % b"one" + b"\r\n" + pinned % b"two" + b"hi") == "two"
    assert pin_of(pinned % b"one" + b"NATS/1.0\r\nA: b\r\n\r\nNats-Pin-Id: x\r\n") == "one"
    assert pin_of(b"Nats-Pin-Id: x\r\n") == ""
    assert pin_of(b"") == ""


def test_bytes_are_counted_as_the_server_counts_those_of_a_pull() -> None:
    ack = b"$JS.ACK.S.C.1.10.20.1700000000000000000.5"
    plain = b"MSG a.b 1 %s 5\r\nhello\r\n" % ack
    with_header = b"HMSG a.b 1 %s 12 14\r\nNATS/1.0\r\n\r\nhi\r\n" % ack
    one, other = 3 + len(ack) + 5, 3 + len(ack) + 14
    data = plain + with_header + b"HMSG i.1 1 30 30\r\n"
    assert counted_bytes(data, len(plain)) == one
    assert counted_bytes(data, len(plain + with_header)) == one + other
    assert counted_bytes(b"", 0) == 0


@pytest.mark.parametrize(
    ("subject", "count", "prefix"),
    [
        (b"$JS.ACK.S.C.1.10.20.1700000000000000000.5", 1, b"$JS.ACK.S.C.1."),
        (b"$JS.ACK.S.C.3.10.20.1700000000000000000.5", 3, b"$JS.ACK.S.C.3."),
        (b"$JS.ACK.hub.ABC.S.C.2.10.20.1700000000000000000.5", 2, b"$JS.ACK.hub.ABC.S.C.2."),
        (b"$JS.ACK._.ABC.S.C.4.10.20.1700000000000000000.5.rnd", 4, b"$JS.ACK._.ABC.S.C.4."),
    ],
)
def test_both_versions_of_an_ack_subject_are_read(
    subject: bytes, count: int, prefix: bytes
) -> None:
    assert delivery_of(subject) == Delivery(count, 10, 20, 1_700_000_000_000_000_000, prefix, 5)
    assert consumer_sequences([subject, subject]) == [20, 20]
    assert stored_ns([subject, subject]) == 2 * [1_700_000_000_000_000_000]


@pytest.mark.parametrize(
    "subject", [b"", b"$JS.ACK", b"a.b.c.d.e.f.g.h.i", b"$JS.ACK.S.C.x.1.2.3.4"]
)
def test_any_other_subject_is_none(subject: bytes) -> None:
    assert delivery_of(subject) is None
