"""Fast-ingest batches (ADR-50): one long batch, acknowledged in groups by the server's choice.

The batch needs no headers of its own: the reply subject has its id, the place of the message and
the operation. Headers of the spec are sent. The server acknowledges messages in groups and sets
their size; a client sends on while less than two groups lack an acknowledgement. A batch that the
server gives up is followed by a new one; its messages without an acknowledgement count as failed.

Reply: `<inbox>.<batch id>.<messages of a group>.fail.<place from 1>.<operation>.$FI`, where the
operation is 0 for the first message, 1 for any other, 3 to end the batch without a message.
"""

import json
import re
import secrets
from collections import deque
from typing import Any

import numpy as np

from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.publish.publish_rows import frames_of, publish_rows
from njst.load.load_client import LoadClient, StartTime
from njst.load.pacing.pacer import Pacer
from njst.load.protocol import encoder, stamp
from njst.load.protocol.jetstream_answers import BAD_ANSWERS, with_batch_advice, wrong_stream
from njst.load.protocol.parser import Frame, MessageFrame, ServerError
from njst.load.recording.producer_receipts import ProducerReceipts
from njst.load.recording.recorder import Recorder
from njst.load.requests.codec import CHUNK_BYTES
from njst.load.requests.permission_errors import is_denied
from njst.load.templates.frame_layout import FrameSettings

GROUPS = 2
_SID = 1


class FastBatchClient(LoadClient):
    """One client with one batch at a time."""

    # The place of a message in its batch has ten digits; the next batch begins before they end.
    most_in_batch = 10**10 - 1

    def __init__(
        self,
        plan: ClientPlan,
        inbox: str,
        recorder: Recorder,
        job: str,
        receipts: ProducerReceipts | None = None,
    ) -> None:
        publish = plan.publish
        assert publish is not None
        self.recorder = recorder
        self._plan = plan
        self._publish = publish
        self._inbox = inbox
        self._job = job
        self._receipts = receipts
        # Chunks that are not acknowledged: the number behind the last message, and when sent.
        self._sent: deque[tuple[int, int]] = deque()
        self._pacer = Pacer(plan)
        self._acked = 0
        self._log_offset_ns = 0
        self._heard_ns = 0
        self._ending = False
        # Whether a full batch ends, and another one follows.
        self._renewing = False
        self._ended = False
        # Messages that were in flight when the load ended, and were not waited for.
        self._abandoned = 0
        self._new_batch()

    def _new_batch(self) -> None:
        """Begin a batch with the next message."""
        self._renewing = False
        self._base = self._acked = self._pacer.next
        self._sent.clear()
        # One group until the server has said how large its groups are.
        self._allowed = self._base + 1
        self._group = self._publish.batch
        self._ending = False
        self._id = secrets.token_hex(8)
        settings = FrameSettings(
            inbox=f"{self._inbox}.{self._id}.{self._group}.fail",
            job=stamp.job_code(self._job),
            producer=stamp.producer_code(self._plan.number, self._plan.index),
            headers=self._publish.fixed_headers,
            is_stamped=not self._publish.payload.file,
            reply_tail=".1.$FI",
        )
        rows, self._sizes, frame_bytes = publish_rows(self._plan, settings)
        self._cycle = frames_of(self._plan, rows, decimal=True)
        self._chunk = max(1, CHUNK_BYTES // frame_bytes)
        self._plain = re.compile(
            rb"MSG " + re.escape(f"{self._inbox}.{self._id}.".encode()) + rb"[^\s]+ 1 \d+\r\n"
            rb'\{"type":"ack","seq":(\d{1,18}),"msgs":(\d{1,9})\}\r\n'
        )

    def opening(self) -> bytes:
        """Subscribe to the answers of all batches."""
        return encoder.sub(f"{self._inbox}.>", _SID)

    def start(self, start: StartTime) -> None:
        """Begin."""
        self._log_offset_ns = start.log_offset_ns
        self._heard_ns = start.at_ns
        self._pacer.start(start)

    def next_bytes(self, now_ns: int) -> bytes:
        """Return the messages that the groups have room for; at the end, the end of the batch."""
        first = self._pacer.next
        room = self._base + self.most_in_batch - first
        count = self._pacer.take(min(self._allowed - first, self._chunk, room), now_ns)
        if count:
            return self._messages(first, count, now_ns)
        if not room and not self._ending:
            self._renewing = True
            return self._end(now_ns)
        if self._pacer.is_over and not self._ending and not self._ended:
            return self._end(now_ns)
        return b""

    def _messages(self, first: int, count: int, now_ns: int) -> bytes:
        log_ns = now_ns + self._log_offset_ns
        if first == self._acked:
            self._heard_ns = now_ns
        self._sent.append((first + count, now_ns))
        if self._receipts is not None:
            self._receipts.send(first + count)
        self.recorder.attempted += count
        out = self._cycle.encode(first, count, log_ns, shift=1 - self._base)
        if first == self._base:
            out = out.replace(b".1.$FI", b".0.$FI", 1)
        return out

    def _end(self, now_ns: int) -> bytes:
        """End the batch; a batch without a message needs no end."""
        if self._pacer.next == self._base:
            self._ended = True
            return b""
        self._ending = True
        self._heard_ns = now_ns
        place = self._pacer.next - self._base + 1
        reply = f"{self._inbox}.{self._id}.{self._group}.fail.{place}.3.$FI"
        return encoder.pub(self._cycle.subject(self._base), b"", reply)

    def scan(self, data: bytes, now_ns: int) -> int:
        """Take acknowledgements of groups; the exact parser gets what follows them."""
        at = 0
        while (ack := self._plain.match(data, at)) is not None:
            self._on_group(int(ack[1]), int(ack[2]), now_ns)
            at = ack.end()
        return at

    def on_frame(self, frame: Frame, now_ns: int) -> None:
        """Take an answer of the server to the batch."""
        if isinstance(frame, ServerError):
            self._on_refusal(frame.text, now_ns)
        elif isinstance(frame, MessageFrame):
            if f".{self._id}.".encode() not in frame.subject:
                return  # of a batch that was given up
            try:
                self._on_answer(json.loads(frame.payload or b"{}"), frame, now_ns)
            except BAD_ANSWERS:
                words = f"not an answer: {frame.payload[:100]!r}"
                self._fail(ErrorClass.PROTOCOL, words, now_ns)

    def _on_refusal(self, words: str, now_ns: int) -> None:
        """Give up a batch whose only message is denied: it has no other answer."""
        if is_denied(words) and self._pacer.next == self._acked + 1:
            self._fail(ErrorClass.PERMISSION_DENIED, words, now_ns)
        else:
            self.recorder.refuse(words)

    def _on_group(self, place: int, group: int, now_ns: int) -> None:
        """Go on: the batch is stored up to `place`, and the server's group size is `group`."""
        self._heard_ns = now_ns
        self._group = max(1, group)
        self._settle(self._base + place, now_ns)
        self._allowed = self._acked + GROUPS * self._group

    def _on_answer(self, answer: dict[str, Any], frame: MessageFrame, now_ns: int) -> None:
        self._heard_ns = now_ns
        if answer.get("error") is not None:
            error = answer["error"]
            words = f"{error.get('description', '')} ({error.get('err_code', 0)})"
            self._fail(ErrorClass.BATCH_REFUSED, with_batch_advice(words), now_ns)
        elif answer.get("type") == "ack":
            self._on_group(int(answer["seq"]), int(answer["msgs"]), now_ns)
        elif answer.get("type") == "gap":
            self._fail(ErrorClass.GAP, f"the server missed messages: {answer}", now_ns)
        elif "stream" in answer:
            self._on_commit(answer, now_ns)
        elif frame.header.startswith(b"NATS/1.0 503"):
            words = "503 no responders: no stream takes it"
            self._fail(ErrorClass.NO_RESPONDERS, words, now_ns)
        elif not frame.payload:
            self._allowed = max(self._allowed, self._acked + GROUPS * self._group)

    def _on_commit(self, answer: dict[str, Any], now_ns: int) -> None:
        """Take the end of a batch; one that another stream has is not where it was to be."""
        wanted = self._publish.stream
        if wanted and answer["stream"] != wanted:
            failure = wrong_stream(str(answer["stream"]), wanted)
            if self._receipts is not None:
                # Its groups were acknowledged without the name of the stream.
                self._receipts.obstruct(failure.error_class)
            self._fail(failure.error_class, failure.words, now_ns)
            return
        end = self._base + int(answer.get("count", 0))
        if self._receipts is not None and self._base < end and end > self._receipts.marks.next:
            self._receipts.marks.note(end - 1, int(answer["seq"]))
        self._settle(end, now_ns)
        self._on_end(now_ns)

    def _on_end(self, now_ns: int) -> None:
        """The batch is committed: all of it was acknowledged, or the server kept less."""
        missing = self._pacer.next - self._acked
        self.recorder.fail(ErrorClass.LOST, "committed without its last messages", missing, now_ns)
        self._acked = self._pacer.next
        if self._ending and not self._renewing:
            self._ended = True
        else:
            self._new_batch()

    def _settle(self, up_to: int, now_ns: int) -> None:
        """Take all messages before number `up_to`."""
        up_to = min(up_to, self._pacer.next)
        if up_to <= self._acked:
            return
        begin = self._acked
        if self._receipts is not None:
            self._receipts.acknowledge_range(begin, up_to)
        self.recorder.complete(up_to - begin, self._bytes(begin, up_to), now_ns)
        while self._acked < up_to:
            end, sent_ns = self._sent[0]
            if end <= up_to:
                self._sent.popleft()
            end = min(end, up_to)
            self.recorder.latency_times(now_ns - sent_ns, end - self._acked, now_ns)
            self._acked = end

    def _bytes(self, begin: int, end: int) -> int:
        """Return the payload bytes of these messages."""
        sizes = self._sizes
        if isinstance(sizes, int):
            return sizes * (end - begin)
        return int(sizes[np.arange(begin, end) % len(sizes)].sum())

    def _fail(self, error_class: ErrorClass, words: str, now_ns: int) -> None:
        """Give the batch up, and what was not acknowledged of it."""
        count = self._pacer.next - self._acked
        self.recorder.fail(error_class, words, count, now_ns)
        if not count and error_class is not ErrorClass.DISCONNECTED:
            self.recorder.add_finding(error_class, words)
        was_ending = self._ending
        self._new_batch()
        self._ended = was_ending and self._pacer.is_closed

    def on_time(self, now_ns: int) -> None:
        """Give up a batch that the server does not answer."""
        self._pacer.look(now_ns)
        waits = self._pacer.next > self._acked or self._ending
        if waits and not self._ended and now_ns - self._heard_ns >= self._timeout_ns:
            words = f"no acknowledgement within {self._publish.ack_timeout_ms} ms"
            self._cut_off(now_ns)
            self._fail(ErrorClass.TIMEOUT, words, now_ns)
            self._heard_ns = now_ns

    def _cut_off(self, now_ns: int) -> None:
        """Record how long the messages without an acknowledgement have waited by now."""
        begin = self._acked
        for end, sent_ns in self._sent:
            self.recorder.cut_off([now_ns - sent_ns] * (end - begin), now_ns)
            begin = end

    @property
    def _timeout_ns(self) -> int:
        return self._publish.ack_timeout_ms * 1_000_000

    def on_disconnect(self, words: str, now_ns: int) -> None:
        """Fail what was in flight: its outcome is unknown."""
        self._cut_off(now_ns)
        self._fail(ErrorClass.DISCONNECTED, words, now_ns)

    def give_up(self, error_class: ErrorClass, words: str, now_ns: int) -> None:
        """Fail what was still to be sent; without a number of messages, say that it ended."""
        self.recorder.fail_unsent(error_class, words, len(self._pacer.drop()), now_ns)

    def abandon(self, now_ns: int) -> None:
        """Leave what is in flight without an outcome."""
        self._cut_off(now_ns)
        self._abandoned += self._pacer.next - self._acked
        self._acked = self._pacer.next
        self._sent.clear()
        self._pacer.is_closed = self._ended = True

    @property
    def unfinished(self) -> int:
        """How many messages are without an acknowledgement, or were abandoned."""
        return self._abandoned + self._pacer.next - self._acked

    def stop(self) -> None:
        """Send nothing new; the batch is ended."""
        self._pacer.is_closed = True

    @property
    def done(self) -> bool:
        """Whether the last batch is committed or given up."""
        return self._ended
