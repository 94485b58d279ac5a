"""Who may not publish: each message has one outcome, at once, whatever else is in flight."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.kinds.get import GetMode, GetPlan
from njst.contract.kinds.publish import PublishMode
from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.get.clients import get_client
from njst.load.kinds.publish.clients import atomic_batch_client, single_publish_client
from njst.load.kinds.publish.fast_batch import FastBatchClient
from njst.load.protocol.parser import ServerError
from njst.load.recording.recorder import Recorder
from njst.load.recording.shared_records import SharedRecords
from tests.unit.load.builders import INBOX, SECOND, errors, feed, publish_plan, started

_FRAME = re.compile(rb"H?PUB (\S+) (?:(\S+) )?(?:\d+ )?\d+\r\n")


def plan(messages: int, mode: PublishMode, subjects: str = "a", batch: int = 2) -> ClientPlan:
    return publish_plan(messages, mode=mode, window=20, batch=batch, subjects=list(subjects))


def denied(subject: str) -> ServerError:
    return ServerError(f'Permissions Violation for Publish to "{subject}"')


@given(st.integers(1, 40), st.data())
def test_only_messages_to_denied_subjects_fail(messages: int, data: st.DataObject) -> None:
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
def test_denied_message_fails_at_once(mode: PublishMode) -> None:
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


def test_timed_out_requests_that_were_denied_count_as_denied() -> None:
    get = GetPlan(
        mode=GetMode.SEQUENCE, stream="S", window=5, batch=1, last_sequence=9, timeout_ms=1000
    )
    client = ClientPlan(workload="r", index=0, messages=5, get=get)
    workload = started(get_client(client, INBOX, Recorder("r", 5), SharedRecords("job", lambda: 0)))
    subjects = [subject for subject, _ in _FRAME.findall(workload.next_bytes(1))]
    for subject in subjects[:3]:
        workload.on_frame(denied(subject.decode()), 2)
    workload.on_time(2 * SECOND)
    assert workload.done
    found = errors(workload.recorder.tally())
    assert found == {ErrorClass.PERMISSION_DENIED: 3, ErrorClass.TIMEOUT: 2}


def test_short_last_batch_times_out_with_its_own_messages() -> None:
    client = plan(7, PublishMode.ATOMIC_BATCH, batch=5)
    workload = started(atomic_batch_client(client, INBOX, Recorder("w", 7), "job"))
    workload.next_bytes(1)
    workload.on_time(2 * SECOND)
    assert workload.done
    assert errors(workload.recorder.tally()) == {ErrorClass.TIMEOUT: 7}
