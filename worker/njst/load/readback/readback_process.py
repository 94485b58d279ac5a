"""Reads one slice of the streams after the load, spoken to in JSON lines.

`python -m njst.load.readback.readback_process`. In: a slice plan. Out: a slice result, and the end.
The end of the input ends the process: it never outlives its parent.
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
# A silent connection is given up: its server may be stopped, and others may not be. Longer than the
# stream reader waits before it asks again.
_MUTE_NS = 8_000_000_000
# Empty sequences get at most this share of the result's bytes, found messages at least the rest.
_PART = 4
# With more ranges than this, unremarkable ones are left out of the result.
_MOST_PIECES = 64


def main() -> None:
    """Run one plan."""
    # Before the plan comes: a process that waits for its job has this behind it.
    SlicePlan.model_rebuild()
    line = sys.stdin.buffer.readline()
    if not line:
        return  # no job needed it, or the worker is gone
    plan = SlicePlan.model_validate_json(line)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.stdout.write(_read_slice(plan).model_dump_json() + "\n")


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 65_536):
        pass
    os._exit(0)


def _read_slice(plan: SlicePlan) -> SliceResult:
    """Read all ranges; one that cannot be read leaves the slice unproved."""
    entries: list[ProducerRanges] = []
    corrupted: list[Corrupted] = []
    pieces: list[RangeResult] = []
    servers, settings = ServerPool(plan.connection), DialSettings.of(plan.connection)
    room = plan.max_bytes // _PART
    lost = {stamp.producer_code(one.number, one.index): one for one in plan.lost}
    recovered: Counter[tuple[str, str]] = Counter()
    for part in plan.pieces:
        verifier = SliceVerifier(plan.job, _producers(plan, part.stream))
        reader = StreamReader(_where(plan, part), verifier.take)
        _read(servers, settings, reader)
        if not reader.done:
            return SliceResult(problem=READ_FAILED, words=f"{part.stream}: {reader.problem}"[:300])
        for entry in verifier.entries():
            if (producer := lost.get(entry.code)) is None:
                entries.append(entry)
            else:
                recovered[producer.worker, producer.workload] += count(entry.ranges or ())
        corrupted += verifier.corrupted()
        result = reader.result()
        room -= len(result.empty or "")
        if len(plan.pieces) <= _MOST_PIECES or _is_remarkable(plan, part, result):
            pieces.append(result if room >= 0 else result.model_copy(update={"empty": None}))
    taken = sum(len(result.model_dump_json()) for result in pieces)
    found = fitted(entries, max(plan.max_bytes // _PART, plan.max_bytes - taken))
    recoveries = [
        Recovered(worker=worker, workload=workload, count=recovered[worker, workload])
        for worker, workload in dict.fromkeys((one.worker, one.workload) for one in plan.lost)
    ]
    return SliceResult(found=found, corrupted=corrupted, pieces=pieces, recovered=recoveries)


def _is_remarkable(plan: SlicePlan, part: RangePlan, result: RangeResult) -> bool:
    """Whether a stream has changed, or only its state was asked for."""
    befores = [one.before for one in plan.receipts if one.stream == part.stream]
    made = {before.created_ns for before in befores if before is not None}
    is_changed = result.is_gone or bool(made - {result.created_ns})
    has_holes = bool(result.front or result.inside)
    return is_changed or has_holes or part.upto == part.after


def _producers(plan: SlicePlan, stream: str) -> dict[int, str]:
    """Return the workloads of a stream's producers, by code; unreadable receipts have none."""
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


def _where(plan: SlicePlan, part: RangePlan) -> ReaderSettings:
    token = secrets.token_hex(8)
    return ReaderSettings(
        api=plan.connection.js_api,
        stream=part.stream,
        after=part.after,
        upto=part.upto,
        consumer=f"njst-{plan.job}-audit-{token}",
        inbox=f"{plan.connection.inbox_prefix}.{token}",
    )


def _read(servers: ServerPool, settings: DialSettings, reader: StreamReader) -> None:
    """Read to the end, over as many connections as needed, or until `reader` gives up."""
    while not reader.done and not reader.problem:
        try:
            info, stream = open_stream(servers, settings)
        except ConnectError as error:
            reader.on_break(str(error))
            select.select([], [], [], _WAIT_S)
            reader.on_time(now_ns())
            continue
        try:
            _read_from(stream, reader, "" if info is None else info.server)
        except (OSError, ProtocolError) as error:
            reader.on_break(str(error))
            # Another server may be better.
            servers.pass_over_last()
        finally:
            stream.close()


def _read_from(stream: SocketStream, reader: StreamReader, server: str) -> None:
    """Read over one connection, to a server of this id.

    Raises:
        OSError: it broke, or nothing comes on it.
        ProtocolError: it is not NATS.
    """
    heard_ns = now_ns()
    _send(stream, reader.open(heard_ns, server))
    if stream.received:
        _send(stream, reader.feed(stream.received, now_ns()))
    while not reader.done and not reader.problem:
        select.select([stream.socket], [], [], _WAIT_S)
        # A TLS connection may have more at hand than its socket shows.
        while data := stream.receive():
            heard_ns = now_ns()
            _send(stream, reader.feed(data, heard_ns))
        if data is not None:
            raise ConnectionError("the server closed the connection")
        if now_ns() - heard_ns >= _MUTE_NS:
            raise TimeoutError(f"the server said nothing for {_MUTE_NS // 10**9} s")
        _send(stream, reader.on_time(now_ns()))
    _send(stream, reader.close())


def _send(stream: SocketStream, data: bytes) -> None:
    out = memoryview(data)
    while out:
        sent = stream.send(out)
        if not sent:
            select.select([], [stream.socket], [], _WAIT_S)
        out = out[sent:]


if __name__ == "__main__":
    main()
