"""What a core subscriber takes, in whatever pieces and shapes it comes."""

from hypothesis import given
from hypothesis import strategies as st

from njst.contract.kinds.core import CoreOperation
from njst.contract.plan import ClientPlan, CorePlan
from njst.load.integrity import Consumed
from njst.load.ledger import Ledger
from njst.load.wire.parse import parse
from njst.load.workloads.base import Start
from njst.load.workloads.core import core_workload
from njst.load.workloads.turns import TurnWorkload


def client(operation: CoreOperation, messages: int | None = None) -> ClientPlan:
    core = CorePlan(operation=operation, subject="s.*", payload_bytes=8, window=1, timeout_ms=1000)
    return ClientPlan(workload="w", index=0, messages=messages, duration_ms=1000, core=core)


def message(subject: str, payload: bytes, reply: str = "") -> bytes:
    words = (
        f"MSG {subject} 1 {reply} {len(payload)}" if reply else f"MSG {subject} 1 {len(payload)}"
    )
    return words.encode() + b"\r\n" + payload + b"\r\n"


# Runs of one shape and odd ones among them; a payload may look like a frame.
runs = st.tuples(
    st.sampled_from(["s.a", "s.1", "s.22"]),
    st.sampled_from([b"", b"x" * 40, b"MSG s.a 1 3\r\nabc\r\nMSG", b"\r\n" * 9]),
    st.sampled_from(["", "_INBOX.x"]),
    st.integers(1, 60),
)


@given(st.lists(runs, max_size=6), st.lists(st.integers(1, 3000), max_size=5))
def test_every_message_is_taken_once_in_any_pieces(
    made: list[tuple[str, bytes, str, int]], cuts: list[int]
) -> None:
    workload = core_workload(
        client(CoreOperation.SUBSCRIBE), "", Ledger("w", None), "j", Consumed()
    )
    workload.ledger.start(0)
    workload.start(Start(0))
    data = b"".join(
        message(subject[:-1] + str(n % 10) if subject[-1].isdigit() else subject, payload, reply)
        for subject, payload, reply, count in made
        for n in range(count)
    )
    rest, at = b"", 0
    for cut in [*cuts, len(data)]:
        rest, at = rest + data[at : at + cut], at + cut
        rest = rest[workload.scan(rest, 1) :]
        frames, used = parse(rest)
        for frame in frames:
            workload.on_frame(frame, 1)
        rest = rest[used:]
    assert rest == b""
    tally = workload.ledger.tally()
    assert tally.messages == sum(count for *_, count in made)
    assert tally.bytes == sum(len(payload) * count for _, payload, _, count in made)
    assert tally.errors == []


def test_a_requester_of_one_at_a_time_takes_turns() -> None:
    plan = client(CoreOperation.REQUEST, 4)
    workload = core_workload(plan, "_INBOX.t", Ledger("w", 4), "j", Consumed())
    assert isinstance(workload, TurnWorkload)
    workload.start(Start(1))
    reply = b"MSG _INBOX.t.%010x 1 2\r\nhi\r\n"
    assert workload.next_bytes(1)
    assert workload.scan(reply % 0, 2)
    assert workload.next_bytes(2)
    assert workload.turn(reply % 1, 2)
    # A reply to another request, two of them, and a part of one are for the general way.
    for data in (reply % 1, 2 * (reply % 2), (reply % 2)[:-1]):
        assert not workload.turn(data, 3)
    assert workload.turn(reply % 2, 3)
