"""Acknowledgements that a consuming client has to send, and when each is due."""

from collections import deque

from njst.contract.kinds.consume import ConsumePlan
from njst.contract.kinds.consume_settings import AckPolicy
from njst.load.protocol import encoder
from njst.load.scan.delivery_runs import DeliveryRun
from njst.load.scan.frame_matrix import Framing

# Checks of an unacknowledged message in its processing time, but at most one each ms.
_LOOKS = 20
_SOONEST_NS = 1_000_000


class AckSender:
    """Acknowledgements that wait to be sent."""

    def __init__(self, plan: ConsumePlan, confirm: str) -> None:
        """The server confirms double acknowledgements to the subject `confirm`."""
        self._ack = plan.ack
        self._confirm = confirm if plan.ack is AckPolicy.DOUBLE else ""
        self._framing = Framing(encoder.PUB, encoder.ack_end(self._confirm))
        self._nak_delay_ms = plan.nak_delay_ms
        self._processing_ns = plan.processing_ms * 1_000_000
        # +WPI goes out before half of the ack wait is over.
        self._progress_ns = plan.ack_wait_ms * 1_000_000 // 2
        self.accepted: list[bytes] = []
        self._acks = b""
        self.refused: list[bytes] = []
        self.terminated: list[bytes] = []
        self.flow: list[bytes] = []
        # Due times in CLOCK_MONOTONIC ns, in the order of receipt.
        self._unacknowledged: deque[tuple[int, bytes]] = deque()
        self._in_process: deque[tuple[int, int, bytes]] = deque()
        self.unconfirmed = 0

    @property
    def look_ns(self) -> int:
        """How often to check unacknowledged messages."""
        return max(_SOONEST_NS, self._processing_ns // _LOOKS)

    @property
    def has_unacknowledged(self) -> bool:
        """Whether messages are being processed."""
        return bool(self._unacknowledged)

    def accept(self, run: DeliveryRun) -> None:
        """Acknowledge a run of messages."""
        if self._ack is AckPolicy.ALL:
            self.accepted.append(run.last_reply())
        elif self._ack is not AckPolicy.NONE:
            self._acks += self._framing.joined(run.replies)
            self.unconfirmed += len(run) if self._confirm else 0

    def accept_later(self, reply: bytes, now_ns: int) -> None:
        """Acknowledge a message when its processing time is over."""
        end_ns = now_ns + self._processing_ns
        self._unacknowledged.append((end_ns, reply))
        if self._processing_ns > self._progress_ns:
            self._in_process.append((now_ns + self._progress_ns, end_ns, reply))

    def finish(self) -> None:
        """Acknowledge all messages now."""
        self.accepted += [reply for _, reply in self._unacknowledged]
        self._unacknowledged.clear()
        self._in_process.clear()

    def forget(self) -> None:
        """Drop all acknowledgements: the messages are delivered again."""
        for waiting in (self.accepted, self.refused, self.terminated, self.flow):
            waiting.clear()
        self._unacknowledged.clear()
        self._in_process.clear()
        self._acks = b""
        self.unconfirmed = 0

    def settle_one(self) -> None:
        """Wait for one confirmation less: it came, or never will."""
        self.unconfirmed = max(0, self.unconfirmed - 1)

    def next_bytes(self, now_ns: int) -> bytes:
        """Return what is due."""
        out = self._in_progress(now_ns) if self._unacknowledged else b""
        if self._acks:
            out += self._acks
            self._acks = b""
        if self.accepted:
            out += self._acknowledge()
        if self.refused:
            out += encoder.naks(self.refused, self._nak_delay_ms)
            self.refused.clear()
        if self.terminated:
            out += encoder.terms(self.terminated)
            self.terminated.clear()
        if self.flow:
            out += b"".join(encoder.pub(reply.decode(), b"") for reply in self.flow)
            self.flow.clear()
        return out

    def _in_progress(self, now_ns: int) -> bytes:
        """Acknowledge what is processed; return +WPI for the rest."""
        while self._unacknowledged and self._unacknowledged[0][0] <= now_ns:
            self.accepted.append(self._unacknowledged.popleft()[1])
        replies: list[bytes] = []
        while self._in_process and self._in_process[0][0] <= now_ns:
            due_ns, end_ns, reply = self._in_process.popleft()
            if end_ns > now_ns:
                replies.append(reply)
                self._in_process.append((due_ns + self._progress_ns, end_ns, reply))
        return encoder.in_progress(replies)

    def _acknowledge(self) -> bytes:
        out = b""
        if self._ack is AckPolicy.ALL:
            out = encoder.acks(self.accepted[-1:])
        elif self._ack is not AckPolicy.NONE:
            out = encoder.acks(self.accepted, self._confirm)
            self.unconfirmed += len(self.accepted) if self._confirm else 0
        self.accepted.clear()
        return out
