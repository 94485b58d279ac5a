"""Going on in one step does exactly what the general way does."""

import re
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.kinds.get import GetMode, GetPlan
from njst.contract.kinds.publish import PublishMode, PublishPlan
from njst.contract.payload import PayloadPlan
from njst.contract.plan import ClientPlan
from njst.load.kinds.get.clients import get_client
from njst.load.kinds.publish.clients import single_publish_client
from njst.load.load_client import StartTime
from njst.load.protocol.reply_tokens import FEWEST
from njst.load.recording.recorder import Recorder
from njst.load.recording.shared_records import SharedRecords
from njst.load.requests.fastpath.closed_loop import AHEAD
from njst.load.requests.request_client import RequestClient
from tests.unit.load.builders import INBOX, answer, feed_some, puback, refusal

STEP_NS = 1_000_000
TIMEOUT_MS = 20
WARM_NS = 5 * STEP_NS


def turns(**plan: object) -> RequestClient:
    made = ClientPlan.model_validate({"workload": "w", "index": 0, **plan})
    recorder = Recorder("w", made.messages)
    if made.get is not None:
        workload = get_client(made, INBOX, recorder, SharedRecords("job", lambda: 0))
    else:
        workload = single_publish_client(made, INBOX, recorder, "job")
    assert workload.next_request is not None
    recorder.start(WARM_NS)
    workload.start(StartTime(0, log_offset_ns=7))
    return workload


def publisher(
    messages: int | None = None, duration_ms: int | None = None, *, reuses: bool = False
) -> RequestClient:
    publish = PublishPlan(
        mode=PublishMode.SYNCHRONOUS,
        window=1,
        payload=PayloadPlan(bytes_min=40, bytes_max=60),
        subjects=["a", "b"],
        message_ids=True,
        reuses_replies=reuses,
        ack_timeout_ms=TIMEOUT_MS,
    )
    return turns(messages=messages, duration_ms=duration_ms, publish=publish)


def getter(messages: int | None = None, duration_ms: int | None = None) -> RequestClient:
    get = GetPlan(
        stream="S", mode=GetMode.SEQUENCE, window=1, last_sequence=9, timeout_ms=TIMEOUT_MS
    )
    return turns(messages=messages, duration_ms=duration_ms, get=get)


def ack(number: int, kind: str) -> bytes:
    if kind == "refused":
        return refusal(number)
    return puback(number, duplicate=kind == "again")


def stored(number: int, kind: str) -> bytes:
    status = b" 404 Message Not Found" if kind == "refused" else b""
    header = b"NATS/1.0%s\r\nNats-Sequence: 1\r\n\r\n" % status
    return answer(number, b"" if kind == "refused" else b"x" * (number % 50), header)


# What comes next: one answer of a kind to the newest request or an older one, two at once, a part
# of one, something else, time, or a break.
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["good", "again", "refused"]), st.integers(0, 3)),
        st.tuples(st.sampled_from(["twice", "ping", "part", "time", "break"]), st.just(0)),
    ),
    max_size=40,
)


def token_in(frame: bytes | memoryview) -> bytes:
    """What the reply subject of a request ends in."""
    found = re.search(rb" _INBOX\.test\.([0-9a-f]{10}) ", frame)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("make", "reply"),
    [(publisher, ack), (partial(publisher, reuses=True), ack), (getter, stored)],
    ids=["publish", "reused", "get"],
)
@pytest.mark.parametrize("end", [{"messages": 12}, {"duration_ms": 30}])
@given(events=EVENTS)
def test_closed_loop_and_general_path_agree(
    make: Callable[..., RequestClient],
    reply: Callable[[int, str], bytes],
    end: dict[str, int],
    events: list[tuple[str, int]],
) -> None:
    short, general = make(**end), make(**end)
    now = 1
    first = short.next_bytes(now)
    assert first == general.next_bytes(now) != b""
    tokens = [token_in(first)]
    last = 0

    def to(number: int, kind: str) -> bytes:
        return reply(number, kind).replace(b"%010x" % number, tokens[number], 1)

    for kind, back in events:
        now += STEP_NS
        if kind in ("time", "break"):
            now += TIMEOUT_MS * 1_100_000
            for workload in (short, general):
                if kind == "time":
                    workload.on_time(now)
                else:
                    workload.on_disconnect("gone", now)
            data = b""
        else:
            data = {
                "twice": 2 * to(last, "good"),
                "ping": b"PING\r\n" + to(last, "good"),
                "part": to(last, "good")[:-2],
            }.get(kind) or to(max(0, last - back), kind)
        sent = short.next_request(data, now)
        if not sent:
            feed_some(short, data, now)
            sent = short.next_bytes(now)
        feed_some(general, data, now)
        assert sent == general.next_bytes(now)
        if sent:
            last += 1
            tokens.append(token_in(sent))
        assert short.done == general.done
    assert short.recorder.tally() == general.recorder.tally()


def test_closed_loop_takes_each_plain_answer() -> None:
    for make, reply in ((publisher, ack), (getter, stored)):
        workload = make(messages=4)
        workload.next_bytes(1)
        # The first one shows how long answers are, and the next requests are made.
        feed_some(workload, reply(0, "good"), 1)
        assert workload.next_bytes(2)
        assert workload.next_request(reply(1, "good"), STEP_NS)
        assert workload.next_request(reply(2, "good"), STEP_NS)
        # The last one's answer has no request behind it.
        assert not workload.next_request(reply(3, "good"), STEP_NS)
        tally = workload.recorder.tally()
        assert (tally.messages, tally.attempted) == (3, 4)


@pytest.mark.parametrize("reuses", [False, True])
def test_closed_loop_goes_on_from_block_to_block(reuses: bool) -> None:
    """Each request once, in order, with its own token, whatever the block it was made in."""
    workload = publisher(messages=3 * AHEAD, reuses=reuses)
    tokens = [n % FEWEST if reuses else n for n in range(3 * AHEAD)]
    sent = [workload.next_bytes(1)]
    in_one_step = 0
    for number in range(3 * AHEAD):
        now_ns = WARM_NS + number
        data = ack(number, "good").replace(b"%010x" % number, b"%010x" % tokens[number], 1)
        if out := workload.next_request(data, now_ns):
            in_one_step += 1
        else:
            feed_some(workload, data, now_ns)
            out = workload.next_bytes(now_ns)
        sent.append(bytes(out))
    assert [int(token_in(frame), 16) for frame in sent[:-1]] == tokens
    assert sent[-1] == b""
    # But for the first of each block, and where answers grow by a digit nothing else is asked.
    assert in_one_step == 3 * AHEAD - 4
    assert workload.done
    assert workload.recorder.tally().messages == 3 * AHEAD
