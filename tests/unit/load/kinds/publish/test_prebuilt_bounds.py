"""What lies ready takes bounded memory, however large messages are and however many clients."""

import pytest

from njst.contract.kinds.payload import PayloadPlan
from njst.contract.kinds.publish import PublishMode, PublishPlan
from njst.contract.plan import ClientPlan
from njst.load.kinds.publish.clients import single_publish_client
from njst.load.kinds.publish.single import PublishCodec
from njst.load.load_client import StartTime
from njst.load.recording.recorder import Recorder
from njst.load.templates.frame_cycle import FrameStamper

INBOX = "_INBOX.test"
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
def test_what_lies_ready_is_bounded_for_all_clients_of_a_process(
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
    plan = ClientPlan(
        workload="w",
        index=0,
        siblings=siblings,
        duration_ms=60_000,
        publish=PublishPlan(
            mode=PublishMode.SYNCHRONOUS,
            window=1,
            payload=PayloadPlan(bytes_min=payload_bytes, bytes_max=payload_bytes),
            subjects=["a"],
            ack_timeout_ms=1000,
        ),
    )
    workload = single_publish_client(plan, INBOX, Recorder("w", None), "job")
    workload.start(StartTime(0))
    body = b'{"stream":"S","seq":1}'
    for number in range(2):
        now_ns = number * 1_000_000 + 1
        assert workload.next_bytes(now_ns)
        data = b"MSG %s.%010x 1 %d\r\n%s\r\n" % (INBOX.encode(), number, len(body), body)
        assert workload.scan(data, now_ns) == len(data)
    assert made[:1] == ([] if ahead is None else [ahead])
