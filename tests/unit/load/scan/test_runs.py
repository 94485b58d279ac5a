"""Runs of deliveries: what a run says of its messages is what each says alone."""

from hypothesis import given
from hypothesis import strategies as st

from njst.load.protocol.jetstream_answers import consumer_sequences
from njst.load.protocol.parser import MessageFrame, parse
from njst.load.scan.delivery_runs import DELIVERY, DeliveryRun, shape_of
from njst.load.scan.frame_matrix import FEWEST

V1 = "$JS.ACK.S.C"
V2 = "$JS.ACK.hub.AbCd.S.C"
TIME = 1_764_000_000_000_000_000


def delivery(
    number: int, *, form: str = V1, count: int = 1, body: bytes = b"body", header: bytes = b""
) -> bytes:
    reply = f"{form}.{count}.{number + 7}.{number}.{TIME + number}.{9_000 - number}"
    if header:
        sizes = b"%d %d" % (len(header), len(header) + len(body))
        return b"HMSG s.%04d 1 %s %s\r\n%s%s\r\n" % (
            number % 10_000,
            reply.encode(),
            sizes,
            header,
            body,
        )
    return b"MSG s.%04d 1 %s %d\r\n%s\r\n" % (number % 10_000, reply.encode(), len(body), body)


def run(data: bytes) -> DeliveryRun | None:
    first = DELIVERY.match(data)
    assert first is not None
    form = shape_of(data, first)
    return None if form is None else form.run(data, 0)


def messages(data: bytes) -> list[MessageFrame]:
    frames, _ = parse(data)
    return [frame for frame in frames if isinstance(frame, MessageFrame)]


@given(
    form=st.sampled_from([V1, V2]),
    header=st.sampled_from([b"", b"NATS/1.0\r\nA: b\r\n\r\n"]),
    first=st.integers(1, 5_000),
    many=st.integers(FEWEST, 60),
    tail=st.lists(
        st.one_of(
            st.builds(delivery, st.integers(1, 9_000), count=st.just(2)),
            st.builds(delivery, st.integers(1, 9_000), body=st.just(b"other")),
            st.sampled_from([b"PING\r\n", b"-ERR 'x'\r\n", b"MSG "]),
        ),
        max_size=3,
    ),
)
def test_a_run_is_its_messages(
    form: str, header: bytes, first: int, many: int, tail: list[bytes]
) -> None:
    frames = [
        delivery(n, form=form, header=header, body=b"%04d" % (n % 10_000))
        for n in range(first, first + many)
    ]
    data = b"".join(frames + tail)
    found = run(data)
    # A number that gets a digit more makes longer frames, which end a run.
    size = next((n for n, frame in enumerate(frames) if len(frame) != len(frames[0])), many)
    if size < FEWEST:
        assert found is None
        return
    assert found is not None
    assert (len(found), found.size) == (size, sum(map(len, frames[:size])))
    alone = messages(data[: found.size])
    replies = [message.reply for message in alone]
    assert [row.tobytes() for row in found.replies] == replies
    assert found.last_reply() == replies[-1]
    assert found.consumer_sequences() == consumer_sequences(replies)
    payloads = [data[at : at + found.payload] for at in found.places.tolist()]
    assert payloads == [message.payload for message in alone]


def test_a_second_delivery_is_in_no_run() -> None:
    frames = [delivery(1_000 + n) for n in range(40)]
    frames[20] = delivery(1_020, count=2)
    found = run(b"".join(frames))
    assert found is not None
    assert len(found) == 20


def test_what_has_no_ack_subject_of_a_known_form_is_no_run() -> None:
    odd = b"MSG s 1 $JS.ACK.a.b.1.2 2\r\nhi\r\n"
    assert run(odd * 40) is None
    words = b"MSG s 1 $JS.ACK.S.C.1.x.y.z.w 2\r\nhi\r\n"
    assert run(words * 40) is None


def test_few_are_no_run() -> None:
    assert run(b"".join(delivery(1_000 + n) for n in range(FEWEST - 1))) is None


def test_a_form_knows_deliveries_that_came_later_and_no_other_ones() -> None:
    first = DELIVERY.match(delivery(1_000) * FEWEST)
    assert first is not None
    form = shape_of(first.string, first)
    assert form is not None
    later = b"".join(delivery(n) for n in range(2_000, 2_030))
    found = form.run(b"PING\r\n" + later, 6)
    assert found is not None
    assert found.consumer_sequences() == consumer_sequences([m.reply for m in messages(later)])
    assert found.places[0] == 6 + later.index(b"\r\n") + 2
    for other in (delivery(2_000, count=2), delivery(2_000, body=b"longer than it")):
        assert form.run(other * 30, 0) is None
    # As long as the others, and its end is where theirs is not.
    assert form.run(later.replace(b"\r\n", b"\n\r"), 0) is None
