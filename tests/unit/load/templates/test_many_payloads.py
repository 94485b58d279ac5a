"""Many payloads of many clients: written when they leave, and the same as if they lay ready."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from njst.contract.kinds.publish import Expect, PublishMode, PublishPlan
from njst.contract.payload import PayloadPlan
from njst.contract.plan import ClientPlan
from njst.load.kinds.publish.expected_sequence import ExpectedSequenceCodec
from njst.load.kinds.publish.fast_batch import FastBatchClient
from njst.load.kinds.publish.publish_rows import PREBUILT_BYTES, has_many_payloads
from njst.load.kinds.publish.single import DelayedCodec, PublishCodec
from njst.load.load_client import StartTime
from njst.load.recording.recorder import Recorder

INBOX = "_INBOX.test"
LINES = [b"x" * (number % 7) + b"line %d" % number for number in range(40)]
MEAN = sum(map(len, LINES)) // len(LINES)
# So many clients in a process that 40 lines of each have no room.
CROWD = PREBUILT_BYTES // (40 * (1024 + MEAN)) + 1
_HEAD = re.compile(rb"H?PUB (\S+) (?:_INBOX\S+ )?(?:(\d+) )?(\d+)\r\n")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lines"
    path.write_bytes(b"\n".join(LINES))
    return path


def plan(file: Path, siblings: int, **how: Any) -> ClientPlan:
    payload = PayloadPlan(
        bytes_min=MEAN, bytes_max=MEAN, file=str(file), lines=True, variants=len(LINES)
    )
    settings = {
        "mode": PublishMode.ASYNCHRONOUS,
        "window": 500,
        "payload": payload,
        "subjects": ["s"],
        "ack_timeout_ms": 1000,
        **how,
    }
    publish = PublishPlan.model_validate(settings)
    return ClientPlan(workload="w", index=0, messages=999, siblings=siblings, publish=publish)


def sent(data: bytes) -> list[tuple[str, bytes]]:
    """The subject and the payload of each frame; each must end where its head says."""
    found, at = [], 0
    while at < len(data):
        head = _HEAD.match(data, at)
        assert head is not None, data[at : at + 60]
        at = head.end() + int(head[3]) + 2
        assert data[at - 2 : at] == b"\r\n"
        found.append((head[1].decode(), data[head.end() + int(head[2] or 0) : at - 2]))
    return found


def test_payloads_are_prebuilt_while_all_clients_have_room(file: Path) -> None:
    assert not has_many_payloads(plan(file, CROWD - 1))
    assert has_many_payloads(plan(file, CROWD))


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"fixed_headers": [("A", "b * c")]},
        {"message_ids": True, "duplicate_percent": 20},
        {"delay_ms": 2000},
        {"delay_ms": 2000, "fixed_headers": [("A", "b")]},
        {"expect": Expect.LAST_SEQUENCE},
    ],
    ids=str,
)
@pytest.mark.parametrize("count", [1, 5, 100])
def test_frames_made_late_equal_prebuilt_ones(file: Path, how: dict[str, Any], count: int) -> None:
    kind: Any = PublishCodec
    if "delay_ms" in how:
        kind = DelayedCodec
    elif "expect" in how:
        kind = ExpectedSequenceCodec
    ready, written = (kind(plan(file, of, **how), INBOX, "job") for of in (1, CROWD))
    for first in (0, 39, 12_345):
        data = written.encode(first, count, 10**18)
        assert data == ready.encode(first, count, 10**18)
        lines = [LINES[number % 40] for number in range(first, first + count)]
        assert [payload for _, payload in sent(data)] == lines
    # A write is about as large as with frames that lie ready.
    assert written.frame_bytes == pytest.approx(ready.frame_bytes, abs=2)


def test_many_subjects_and_many_payloads_go_each_their_own_way(file: Path) -> None:
    how = {"subject_count": PREBUILT_BYTES // 1024, "message_ids": True}
    requests = PublishCodec(plan(file, CROWD, **how), INBOX, "job")
    data = requests.encode(77, 50, 1)
    assert sent(data) == [(f"s.{number}", LINES[number % 40]) for number in range(77, 127)]
    assert requests.address(77) == "s.77"
    assert PublishCodec(plan(file, CROWD), INBOX, "job").address(77) == "s"


def test_an_acknowledged_message_has_the_bytes_of_its_own_line(file: Path) -> None:
    requests = PublishCodec(plan(file, CROWD), INBOX, "job")
    numbers = range(100, 150)
    body = b'{"stream":"S","seq":7}'
    data = b"".join(
        b"MSG %s.%010x 1 %d\r\n%s\r\n" % (INBOX.encode(), number, len(body), body)
        for number in numbers
    )
    sizes = requests.scan(data).sizes
    assert np.asarray(sizes).tolist() == [len(LINES[number % 40]) for number in numbers]


def test_a_fast_batch_has_the_lines_in_turns(file: Path) -> None:
    client = plan(file, CROWD, mode=PublishMode.FAST_BATCH, batch=500)
    workload = FastBatchClient(client, INBOX, Recorder("w", 999), "job")
    workload.recorder.start(0)
    workload.start(StartTime(0))
    assert sent(workload.next_bytes(1)) == [("s", LINES[0])]
