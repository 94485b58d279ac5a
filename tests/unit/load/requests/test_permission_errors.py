"""Who may not publish: each message has one outcome, at once, whatever else is in flight."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.kinds.get import GetMode, GetPlan
from njst.contract.kinds.payload import PayloadPlan
from njst.contract.kinds.publish import PublishMode, PublishPlan
from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.get.clients import get_client
from njst.load.kinds.publish.clients import atomic_batch_client, single_publish_client
from njst.load.kinds.publish.fast_batch import FastBatchClient
from njst.load.load_client import LoadClient, StartTime
from njst.load.protocol.parser import ServerError
from njst.load.recording.recorder import Recorder
from tests.unit.load.feeding import errors, feed

INBOX = "_INBOX.test"
SECOND = 1_000_000_000
_FRAME = re.compile(rb"H?PUB (\S+) (?:(\S+) )?(?:\d+ )?\d+\r\n")


def plan(messages: int, mode: PublishMode, subjects: str = "a", batch: int = 2) -> ClientPlan:
    return ClientPlan(
        workload="w",
        index=0,
        messages=messages,
        publish=PublishPlan(
            mode=mode,
            window=20,
            batch=batch,
            payload=PayloadPlan(bytes_min=9, bytes_max=9),
            subjects=list(subjects),
            ack_timeout_ms=1000,
        ),
    )


def denied(subject: str) -> ServerError:
    return ServerError(f'Permissions Violation for Publish to "{subject}"')


def started(workload: LoadClient) -> LoadClient:
    workload.recorder.start(0)
    workload.start(StartTime(0))
    return workload


@given(st.integers(1, 40), st.data())
def test_of_several_subjects_the_denied_ones_alone_are_errors(
    messages: int, data: st.DataObject
) -> None:
    client = plan(messages, PublishMode.ASYNCHRONOUS, subjects="abc")
    workload = started(single_publish_client(client, INBOX, Recorder("w", messages), "job"))
    expected = 0
    for now in range(1, 3 * messages):
        frames = _FRAME.findall(workload.next_bytes(now))
        if workload.done:
            break
        # Acknowledgements come in any order among the errors, these in that of the messages.
        replies = [reply for subject, reply in frames if subject != b"b"]
        refused = [subject for subject, _ in frames if subject == b"b"]
        expected += len(refused)
        events = data.draw(st.permutations([*replies, *refused]))
        for event in events:
            if event == b"b":
                workload.on_frame(denied("b"), now)
            else:
                body = b'{"stream":"S","seq":1}'
                feed(workload, b"MSG %s 1 %d\r\n%s\r\n" % (event, len(body), body), now)
    tally = workload.recorder.tally()
    assert (tally.attempted, tally.messages) == (messages, messages - expected)
    assert sum(errors(tally).values()) == expected
    assert set(errors(tally)) <= {ErrorClass.PERMISSION_DENIED}


@pytest.mark.parametrize("mode", list(PublishMode))
def test_what_is_denied_is_not_waited_for(mode: PublishMode) -> None:
    client = plan(7, mode)
    maker = {PublishMode.ATOMIC_BATCH: atomic_batch_client, PublishMode.FAST_BATCH: FastBatchClient}
    workload = started(
        maker.get(mode, single_publish_client)(client, INBOX, Recorder("w", 7), "job")
    )
    for _ in range(20):
        for subject, _reply in _FRAME.findall(workload.next_bytes(1)):
            workload.on_frame(denied(subject.decode()), 1)
    assert workload.done
    tally = workload.recorder.tally()
    assert (tally.attempted, tally.messages) == (7, 0)
    assert errors(tally) == {ErrorClass.PERMISSION_DENIED: 7}


def test_what_ran_into_its_time_out_was_counted_when_it_was_denied() -> None:
    get = GetPlan(
        mode=GetMode.SEQUENCE, stream="S", window=5, batch=1, last_sequence=9, timeout_ms=1000
    )
    client = ClientPlan(workload="r", index=0, messages=5, get=get)
    workload = started(get_client(client, INBOX, Recorder("r", 5)))
    subjects = [subject for subject, _ in _FRAME.findall(workload.next_bytes(1))]
    for subject in subjects[:3]:
        workload.on_frame(denied(subject.decode()), 2)
    workload.on_time(2 * SECOND)
    assert workload.done
    found = errors(workload.recorder.tally())
    assert found == {ErrorClass.PERMISSION_DENIED: 3, ErrorClass.TIMEOUT: 2}


def test_a_batch_that_is_not_whole_times_out_as_what_it_is() -> None:
    client = plan(7, PublishMode.ATOMIC_BATCH, batch=5)
    workload = started(atomic_batch_client(client, INBOX, Recorder("w", 7), "job"))
    workload.next_bytes(1)
    workload.on_time(2 * SECOND)
    assert workload.done
    assert errors(workload.recorder.tally()) == {ErrorClass.TIMEOUT: 7}
