"""The look at a slice of the streams after the load: `python -m
njst.load.readback.readback_process`, JSON lines.

In:  an audit plan. Out: a sight, and the end. The end of the input ends the process: it never
outlives its parent.
"""

import os
import secrets
import select
import sys
import threading
from collections import Counter

from njst.contract.plan import RangePlan, SlicePlan
from njst.contract.results.readback import (
    READ_FAILED,
    Corrupted,
    RangeResult,
    Recovered,
    SliceResult,
)
from njst.load.host.clock import now_ns
from njst.load.net.dial import ConnectError, DialSettings
from njst.load.net.reconnect import open_stream
from njst.load.net.server_pool import ServerPool
from njst.load.net.socket_stream import SocketStream
from njst.load.protocol import stamp
from njst.load.protocol.parser import ProtocolError
from njst.load.readback.stream_reader import ReaderSettings, StreamReader
from njst.load.readback.verifier import SliceVerifier
from njst.verification.range_codec import ProducerRanges, decode, fitted
from njst.verification.ranges import count

_WAIT_S = 0.05
# A connection on which nothing at all comes, although there was a question, is given up: its server
# may be stopped, and others may not be. Longer than `reading` waits until it asks again.
_MUTE_NS = 8_000_000_000
# Of what may be told, empty sequences get at most this part, and what was found at least.
_PART = 4
# Of more pieces than this, those are not told of which there is nothing to tell.
_MOST_PIECES = 64


def main() -> None:
    """Run one plan."""
    plan = SlicePlan.model_validate_json(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.stdout.write(_look(plan).model_dump_json() + "\n")


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 65_536):
        pass
    os._exit(0)


def _look(plan: SlicePlan) -> SliceResult:
    """Read all pieces; one that cannot be read leaves nothing proved."""
    entries: list[ProducerRanges] = []
    corrupted: list[Corrupted] = []
    pieces: list[RangeResult] = []
    servers, settings = ServerPool(plan.connection), DialSettings.of(plan.connection)
    room = plan.max_bytes // _PART
    lost = {stamp.producer_code(one.number, one.index): one for one in plan.lost}
    recovered: Counter[tuple[str, str]] = Counter()
    for piece in plan.pieces:
        audit = SliceVerifier(plan.job, _producers(plan, piece.stream))
        reading = StreamReader(_where(plan, piece), audit.take)
        _read(servers, settings, reading)
        if not reading.done:
            return SliceResult(
                problem=READ_FAILED, words=f"{piece.stream}: {reading.problem}"[:300]
            )
        for entry in audit.entries():
            if (whose := lost.get(entry.code)) is None:
                entries.append(entry)
            else:
                recovered[whose.worker, whose.workload] += count(entry.ranges or ())
        corrupted += audit.corrupted()
        sight = reading.sight()
        room -= len(sight.empty or "")
        if len(plan.pieces) <= _MOST_PIECES or _is_telling(plan, piece, sight):
            pieces.append(sight if room >= 0 else sight.model_copy(update={"empty": None}))
    taken = sum(len(sight.model_dump_json()) for sight in pieces)
    found = fitted(entries, max(plan.max_bytes // _PART, plan.max_bytes - taken))
    told = [
        Recovered(worker=worker, workload=workload, count=recovered[worker, workload])
        for worker, workload in dict.fromkeys((one.worker, one.workload) for one in plan.lost)
    ]
    return SliceResult(found=found, corrupted=corrupted, pieces=pieces, recovered=told)


def _is_telling(plan: SlicePlan, piece: RangePlan, sight: RangeResult) -> bool:
    """Whether a stream is not as it was, or only its state was asked for."""
    befores = [one.before for one in plan.receipts if one.stream == piece.stream]
    made = {before.created_ns for before in befores if before is not None}
    is_changed = sight.is_gone or bool(made - {sight.created_ns})
    has_holes = bool(sight.front or sight.inside)
    return is_changed or has_holes or piece.upto == piece.after


def _producers(plan: SlicePlan, stream: str) -> dict[int, str]:
    """Return the workloads of a stream's producers; receipts that cannot be read name none."""
    workloads = {}
    for receipts in plan.receipts:
        if receipts.stream == stream:
            try:
                entries = decode(receipts.producers)
            except ValueError:
                continue
            workloads.update({entry.code: receipts.workload for entry in entries})
    for one in plan.lost:
        if one.stream == stream:
            workloads[stamp.producer_code(one.number, one.index)] = one.workload
    return workloads


def _where(plan: SlicePlan, piece: RangePlan) -> ReaderSettings:
    token = secrets.token_hex(8)
    return ReaderSettings(
        api=plan.connection.js_api,
        stream=piece.stream,
        after=piece.after,
        upto=piece.upto,
        consumer=f"njst-{plan.job}-audit-{token}",
        inbox=f"{plan.connection.inbox_prefix}.{token}",
    )


def _read(servers: ServerPool, settings: DialSettings, reading: StreamReader) -> None:
    """Read to the end, over as many connections as it takes, or until `reading` gives up."""
    while not reading.done and not reading.problem:
        try:
            info, stream = open_stream(servers, settings)
        except ConnectError as error:
            reading.on_break(str(error))
            select.select([], [], [], _WAIT_S)
            reading.on_time(now_ns())
            continue
        try:
            _read_from(stream, reading, "" if info is None else info.server)
        except (OSError, ProtocolError) as error:
            reading.on_break(str(error))
            # Another server may do better.
            servers.pass_over_last()
        finally:
            stream.close()


def _read_from(stream: SocketStream, reading: StreamReader, server: str) -> None:
    """Read over one connection, to a server of this id.

    Raises:
        OSError: it broke, or nothing comes on it.
        ProtocolError: it is not NATS.
    """
    heard_ns = now_ns()
    _send(stream, reading.open(heard_ns, server))
    if stream.received:
        _send(stream, reading.feed(stream.received, now_ns()))
    while not reading.done and not reading.problem:
        select.select([stream.socket], [], [], _WAIT_S)
        # A TLS connection may have more at hand than its socket shows.
        while data := stream.receive():
            heard_ns = now_ns()
            _send(stream, reading.feed(data, heard_ns))
        if data is not None:
            raise ConnectionError("the server closed the connection")
        if now_ns() - heard_ns >= _MUTE_NS:
            raise TimeoutError(f"the server said nothing for {_MUTE_NS // 10**9} s")
        _send(stream, reading.on_time(now_ns()))
    _send(stream, reading.close())


def _send(stream: SocketStream, data: bytes) -> None:
    out = memoryview(data)
    while out:
        sent = stream.send(out)
        if not sent:
            select.select([], [stream.socket], [], _WAIT_S)
        out = out[sent:]


if __name__ == "__main__":
    main()
