"""What lies ready takes bounded memory, however large messages are and however many clients."""

import pytest

from njst.contract.kinds.publish import PublishMode
from njst.contract.payload import PayloadPlan
from njst.load.kinds.publish.clients import single_publish_client
from njst.load.kinds.publish.single import PublishCodec
from njst.load.load_client import StartTime
from njst.load.recording.recorder import Recorder
from njst.load.templates.frame_cycle import FrameStamper
from tests.unit.load.builders import INBOX, feed, puback, publish_plan

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("payload_bytes", "siblings", "ahead"),
    [
        (64, 1, 255),
        (64, 1000, 255),
        (MIB - 200, 1, 32),
        (MIB - 200, 4, 8),
        # Not one: each is made when it leaves.
        (MIB - 200, 33, None),
    ],
)
def test_prebuilt_requests_are_bounded_for_all_clients_of_a_process(
    payload_bytes: int,
    siblings: int,
    ahead: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[int] = []
    prebuilt = PublishCodec.prebuilt

    def noting(self: PublishCodec, first: int, count: int) -> FrameStamper:
        made.append(count)
        return prebuilt(self, first, count)

    monkeypatch.setattr(PublishCodec, "prebuilt", noting)
    plan = publish_plan(
        client={"siblings": siblings, "duration_ms": 60_000},
        mode=PublishMode.SYNCHRONOUS,
        payload=PayloadPlan(bytes_min=payload_bytes, bytes_max=payload_bytes),
    )
    workload = single_publish_client(plan, INBOX, Recorder("w", None), "job")
    workload.start(StartTime(0))
    for number in range(2):
        now_ns = number * 1_000_000 + 1
        assert workload.next_bytes(now_ns)
        feed(workload, puback(number), now_ns)
    assert made[:1] == ([] if ahead is None else [ahead])
