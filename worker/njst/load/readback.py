"""The look at the streams after the load: `python -m njst.load.readback`, JSON lines.

In:  an audit plan. Out: {"tallies": [...]}, one for each workload, and the end. The end of the
input ends the process: it never outlives its parent.
"""

import json
import os
import secrets
import select
import sys
import threading
from collections.abc import Sequence

from njst.contract.connection import Connection
from njst.contract.plan import AuditPlan, Receipt
from njst.contract.result import WorkloadTally
from njst.load.audit import Audit, by_stream, by_workload
from njst.load.clock import now_ns
from njst.load.dial import ConnectError
from njst.load.net import Stream
from njst.load.reading import Reading, Where
from njst.load.redial import open_stream
from njst.load.wire.parse import ProtocolError
from njst.measure.readback import unchecked_tally
from njst.measure.tally import merge

READ_FAILED = "ReadFailed"
_WAIT_S = 0.05


def main() -> None:
    """Run one plan."""
    plan = AuditPlan.model_validate_json(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    tallies = [
        tally
        for stream, receipts in by_stream(plan.receipts).items()
        for tally in _look(plan, stream, receipts)
    ]
    lines = [tally.model_dump(exclude_none=True) for tally in merge(tallies)]
    sys.stdout.write(json.dumps({"tallies": lines}, separators=(",", ":")) + "\n")


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 65_536):
        pass
    os._exit(0)


def _look(plan: AuditPlan, stream: str, receipts: list[Receipt]) -> list[WorkloadTally]:
    """Read one stream for all that was published to it."""
    audits = [Audit(plan.job, some) for some in by_workload(receipts)]

    def take(data: bytes, places: Sequence[int], sizes: Sequence[int]) -> None:
        for audit in audits:
            audit.take(data, places, sizes)

    token = secrets.token_hex(8)
    where = Where(
        api=plan.connection.js_api,
        stream=stream,
        after=min(receipt.read_back.after_sequence for receipt in receipts),
        consumer=f"njst-{plan.job}-audit-{token}",
        inbox=f"{plan.connection.inbox_prefix}.{token}",
    )
    reading = Reading(where, take)
    _read(plan.connection, reading)
    if reading.done:
        return [audit.tally() for audit in audits]
    return [unchecked_tally(receipt, READ_FAILED) for receipt in receipts]


def _read(settings: Connection, reading: Reading) -> None:
    """Read to the end, over as many connections as it takes, or until `reading` gives up."""
    while not reading.done and not reading.problem:
        try:
            stream = open_stream(settings)
        except ConnectError:
            select.select([], [], [], _WAIT_S)
            reading.on_time(now_ns())
            continue
        try:
            _read_from(stream, reading)
        except (OSError, ProtocolError):
            continue
        finally:
            stream.close()


def _read_from(stream: Stream, reading: Reading) -> None:
    """Read over one connection.

    Raises:
        OSError: it broke.
        ProtocolError: it is not NATS.
    """
    _send(stream, reading.open(now_ns()))
    if stream.received:
        _send(stream, reading.feed(stream.received, now_ns()))
    while not reading.done and not reading.problem:
        select.select([stream.socket], [], [], _WAIT_S)
        # A TLS connection may have more at hand than its socket shows.
        while data := stream.receive():
            _send(stream, reading.feed(data, now_ns()))
        if data is not None:
            raise OSError("the server closed the connection")
        _send(stream, reading.on_time(now_ns()))
    _send(stream, reading.close())


def _send(stream: Stream, data: bytes) -> None:
    out = memoryview(data)
    while out:
        sent = stream.send(out)
        if not sent:
            select.select([], [stream.socket], [], _WAIT_S)
        out = out[sent:]


if __name__ == "__main__":
    main()
