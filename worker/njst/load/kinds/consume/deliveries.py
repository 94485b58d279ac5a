"""First deliveries and redeliveries: counted, inspected, acknowledged."""

import re
from collections.abc import Sequence

from njst.contract.kinds.consume_settings import ConsumeMode
from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.consume.ack_plan import AckOutcome, AckPlan
from njst.load.kinds.consume.ack_sender import AckSender
from njst.load.kinds.consume.pulls import Pulls
from njst.load.protocol.jetstream_answers import (
    Delivery,
    consumer_sequences,
    delivery_of,
    stored_ns,
)
from njst.load.protocol.parser import MessageFrame
from njst.load.recording.delivery_gaps import DeliveryGaps
from njst.load.recording.hop_latency import NO_LATENCIES, HopLatency, sampling_stride
from njst.load.recording.integrity import IntegrityInspector
from njst.load.recording.recorder import Nanoseconds, Recorder
from njst.load.scan.delivery_runs import DELIVERY, DeliveryRun, DeliveryShape, Numbers, shape_of
from njst.load.scan.message_heads import messages


class Deliveries:
    """The deliveries of one client: counted, inspected, and acknowledged as planned."""

    def __init__(
        self,
        plan: ClientPlan,
        recorder: Recorder,
        inspector: IntegrityInspector | None,
        pulls: Pulls,
        replies: AckSender,
    ) -> None:
        consume = plan.consume
        assert consume is not None
        self._recorder = recorder
        self._consume = consume
        self._pulls = pulls
        self._replies = replies
        self._ack_plan = AckPlan(consume)
        self._inspector = inspector
        self._hop_latency = (
            HopLatency(consume.store_clock, recorder) if consume.store_clock else None
        )
        self._first_time = f"$JS.ACK.{consume.stream}.{consume.consumer}.1.".encode()
        self._limit = plan.messages
        self._gaps = DeliveryGaps()
        # The shape of the last run, which most often is the next one's too.
        self._shape: DeliveryShape | None = None
        self.taken = 0
        # From CLOCK_MONOTONIC to the log's time.
        self.log_offset_ns = 0
        self.heard_ns = 0
        # The ACK subject of an ordered consumer's last message; empty before the first one.
        self.last_reply = b""
        # Whether deliveries are not counted any more.
        self.is_over = False

    def scan(self, data: bytes, now_ns: int) -> int:
        """Take messages, up to anything else."""
        at = 0
        while True:
            run = None if self._shape is None else self._shape.run(data, at)
            if run is None:
                at, run = self._scan(data, at, now_ns)
            if run is None:
                return at
            self._take_run(data, run, now_ns)
            at += run.size

    def take_frame(self, frame: MessageFrame, now_ns: int) -> None:
        """Take a message that the exact parser has found."""
        delivery = delivery_of(frame.reply)
        size = len(frame.payload)
        if delivery is None:
            self._recorder.add_finding(
                ErrorClass.PROTOCOL, f"a message without an ACK subject: {frame.subject[:80]!r}"
            )
        elif delivery.count > 1:
            self._note(frame.payload, 0, size)
            self._take_again(frame.reply, size, delivery, now_ns)
        else:
            self._take(frame.payload, [frame.reply], [0], [size], now_ns)

    def settle(self) -> None:
        """Count what is missing now that nothing more comes."""
        self._missed(self._gaps.settle())

    def count_anew(self) -> None:
        """Expect the deliveries of another consumer, which numbers them from 1."""
        self._gaps = DeliveryGaps()

    def _scan(self, data: bytes, at: int, now_ns: int) -> tuple[int, DeliveryRun | None]:
        """Take messages one by one; return where that ended, or a run if one begins at `at`."""
        first = DELIVERY.match(data, at)
        if first is not None and (run := self._run(data, first)) is not None:
            return at, run
        first_time = self._first_time
        replies: list[bytes] = []
        places: list[int] = []
        sizes: list[int] = []
        for head, begin, end in messages(DELIVERY, data, at):
            reply = head["reply"]
            if reply.startswith(first_time):
                replies.append(reply)
                places.append(begin)
                sizes.append(end - 2 - begin)
            else:
                self._unusual(data, reply, begin, end - 2 - begin, now_ns)
            at = end
        if replies:
            self._take(data, replies, places, sizes, now_ns)
        return at, None

    def _run(self, data: bytes, first: "re.Match[bytes]") -> DeliveryRun | None:
        """Return the run that begins with this head, and remember its shape."""
        if not self._ack_plan.are_all_accepted or not first["reply"].startswith(self._first_time):
            return None
        shape = shape_of(data, first)
        run = None if shape is None else shape.run(data, first.start())
        if run is not None:
            self._shape = shape
        return run

    def _unusual(self, data: bytes, reply: bytes, begin: int, size: int, now_ns: int) -> None:
        """Take a redelivery, or learn the server's form of ACK subjects from a first delivery."""
        delivery = delivery_of(reply)
        if delivery is None:
            self._recorder.add_finding(ErrorClass.PROTOCOL, f"not an ACK subject: {reply[:80]!r}")
        elif delivery.count > 1:
            self._note(data, begin, size)
            self._take_again(reply, size, delivery, now_ns)
        else:
            self._first_time = delivery.prefix
            self._take(data, [reply], [begin], [size], now_ns)

    def _take(
        self, data: bytes, replies: list[bytes], places: list[int], sizes: list[int], now_ns: int
    ) -> None:
        """Take first deliveries."""
        self.heard_ns = now_ns
        self._pulls.took(len(replies), now_ns)
        if self._ack_plan.are_all_accepted:
            self._replies.accepted += replies
        else:
            kept = self._reply(replies, now_ns)
            places, sizes = [places[n] for n in kept], [sizes[n] for n in kept]
        if self._consume.mode is ConsumeMode.ORDERED:
            self.last_reply = replies[-1]
            self._missed(self._gaps.take(consumer_sequences(replies)))
        count = self._count(len(places))
        self._complete(count, sum(sizes[:count]), now_ns)
        latencies = self._inspect(data, places[:count], sizes[:count], now_ns)
        if self._hop_latency is not None and len(latencies) == len(replies):
            step = sampling_stride(len(replies))
            self._hop_latency.take(latencies, stored_ns(replies[::step]), step, now_ns)

    def _take_run(self, data: bytes, run: DeliveryRun, now_ns: int) -> None:
        """Take first deliveries of one shape."""
        self.heard_ns = now_ns
        self._pulls.took(len(run), now_ns)
        self._replies.accept(run)
        if self._consume.mode is ConsumeMode.ORDERED:
            self.last_reply = run.last_reply()
            self._missed(self._gaps.take(run.consumer_sequences()))
        count = self._count(len(run))
        self._complete(count, count * run.payload, now_ns)
        if self._inspector is None:
            return
        latencies = self._inspect(data, run.places[:count], [run.payload] * count, now_ns)
        if self._hop_latency is not None and len(latencies) == len(run):
            step = sampling_stride(len(run))
            self._hop_latency.take(latencies, run.stored_ns(step), step, now_ns)

    def _count(self, count: int) -> int:
        """Return how many deliveries count; those behind the end are only acknowledged."""
        if self.is_over:
            return 0
        # A push consumer has no limit, and copies come in addition.
        return count if self._limit is None else min(count, max(0, self._limit - self.taken))

    def _complete(self, count: int, size_bytes: int, now_ns: int) -> None:
        if count:
            self.taken += count
            self._recorder.attempted += count
            self._recorder.complete(count, size_bytes, now_ns)

    def _inspect(
        self, data: bytes, places: Sequence[int] | Numbers, sizes: list[int], now_ns: int
    ) -> Nanoseconds:
        """Inspect messages; return how long each took from its publish, as far as known."""
        if self._inspector is None or not sizes:
            return NO_LATENCIES
        latencies = self._inspector.inspect(data, places, sizes, now_ns + self.log_offset_ns)
        self._recorder.latency(latencies, now_ns)
        return latencies

    def _note(self, data: bytes, begin: int, size: int) -> None:
        if self._inspector is not None:
            self._inspector.note(data, begin, size)

    def _take_again(self, reply: bytes, size: int, delivery: Delivery, now_ns: int) -> None:
        """Take a redelivery: it counts when the plan refused or ignored the first delivery."""
        self.heard_ns = now_ns
        self._pulls.took(1, now_ns)
        self._recorder.redelivered += 1
        self._replies.accepted.append(reply)
        by_plan = self._ack_plan.comes_again(delivery.stream_sequence)
        if by_plan and delivery.count == 2 and not self.is_over:
            self._complete(1, size, now_ns)

    def _reply(self, replies: list[bytes], now_ns: int) -> list[int]:
        """Acknowledge first deliveries as planned; return the places of those that count now."""
        kept: list[int] = []
        waiting = self._replies
        for place, reply in enumerate(replies):
            delivery = delivery_of(reply)
            outcome = (
                AckOutcome.ACK if delivery is None else self._ack_plan.of(delivery.stream_sequence)
            )
            if outcome is AckOutcome.NAK:
                waiting.refused.append(reply)
            if outcome in (AckOutcome.NAK, AckOutcome.NO_ACK):
                continue
            kept.append(place)
            if outcome is AckOutcome.TERM:
                self._recorder.terminated += 1
                waiting.terminated.append(reply)
            elif outcome is AckOutcome.DELAY_ACK:
                waiting.accept_later(reply, now_ns)
            else:
                waiting.accepted.append(reply)
        return kept

    def _missed(self, count: int) -> None:
        self._recorder.add_finding(
            ErrorClass.GAP, "deliveries that the server made never came", count
        )
