"""The look at a slice of the streams after the load: `python -m njst.load.readback`, JSON lines.

In:  an audit plan. Out: a sight, and the end. The end of the input ends the process: it never
outlives its parent.
"""

import os
import secrets
import select
import sys
import threading

from njst.contract.connection import Connection
from njst.contract.plan import AuditPlan, PiecePlan
from njst.contract.readback import READ_FAILED, Corrupted, Sight
from njst.load.audit import Audit
from njst.load.clock import now_ns
from njst.load.dial import ConnectError
from njst.load.net import Stream
from njst.load.reading import Reading, Where
from njst.load.redial import open_stream
from njst.load.wire.parse import ProtocolError
from njst.measure.rangetext import Entry, decode, fitted

_WAIT_S = 0.05


def main() -> None:
    """Run one plan."""
    plan = AuditPlan.model_validate_json(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.stdout.write(_look(plan).model_dump_json() + "\n")


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 65_536):
        pass
    os._exit(0)


def _look(plan: AuditPlan) -> Sight:
    """Read all pieces; one that cannot be read leaves nothing proved."""
    entries: list[Entry] = []
    corrupted: list[Corrupted] = []
    for piece in plan.pieces:
        audit = Audit(plan.job, _producers(plan, piece.stream))
        reading = Reading(_where(plan, piece), audit.take)
        _read(plan.connection, reading)
        if not reading.done:
            return Sight(problem=READ_FAILED)
        entries += audit.entries()
        corrupted += audit.corrupted()
    return Sight(found=fitted(entries, plan.max_bytes), corrupted=corrupted)


def _producers(plan: AuditPlan, stream: str) -> dict[int, str]:
    """Return the workloads of a stream's producers; receipts that cannot be read name none."""
    workloads = {}
    for receipts in plan.receipts:
        if receipts.stream == stream:
            try:
                entries = decode(receipts.producers)
            except ValueError:
                continue
            workloads.update({entry.code: receipts.workload for entry in entries})
    return workloads


def _where(plan: AuditPlan, piece: PiecePlan) -> Where:
    token = secrets.token_hex(8)
    return Where(
        api=plan.connection.js_api,
        stream=piece.stream,
        after=piece.after,
        upto=piece.upto,
        consumer=f"njst-{plan.job}-audit-{token}",
        inbox=f"{plan.connection.inbox_prefix}.{token}",
    )


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
