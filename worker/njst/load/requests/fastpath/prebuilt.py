"""Requests that lie ready, with answers that are looked at just far enough and booked later.

What a client does between an answer and a request, or between two instants, it does at once with as
little as possible; what that says is entered into the books for many together. Whatever else comes,
or is asked, books first and goes the general way.
"""

import re
from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol, runtime_checkable

from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.protocol.parser import Frame, parse
from njst.load.recording.producer_receipts import ProducerReceipts
from njst.load.recording.recorder import Recorder
from njst.load.requests.codec import RequestCodec
from njst.load.requests.request_client import RequestClient
from njst.load.templates.frame_cycle import FrameStamper

# What lies ready of all clients of a process may take, in bytes.
_ROOM_BYTES = 32 * 1024 * 1024


@runtime_checkable
class PreparingCodec(Protocol):
    """Requests that can be made before it is known when they leave."""

    def ready(self, first: int, count: int) -> FrameStamper:
        """Return what gives each of `count` requests from `first` on its time, once."""
        ...


class PrebuiltClient(RequestClient):
    """One client that has a block of requests ready, from `_first` on.

    How it gives them out, and notes what is to be booked, is its own.
    """

    # So many requests of small messages lie ready.
    most_ready: ClassVar[int]

    def __init__(
        self,
        plan: ClientPlan,
        inbox: str,
        recorder: Recorder,
        requests: RequestCodec,
        ready: Callable[[int, int], FrameStamper],
        receipts: ProducerReceipts | None = None,
    ) -> None:
        super().__init__(plan, inbox, recorder, requests, receipts=receipts)
        self._ready = ready
        room = _ROOM_BYTES // plan.siblings // requests.frame_bytes
        self._ahead = min(self.most_ready, room)
        self._answer = re.compile(
            rb"(?P<verb>H?MSG )"
            + re.escape(inbox.encode())
            + rb"\.(?P<token>[0-9a-f]{10})"
            + rb"(?P<sizes> 1 (?:(?P<header>\d{1,9}) )?(?P<size>\d{1,9})\r\n)"
        )
        # The last answer that was taken.
        self._last = b""
        self._first = 0
        # What makes the requests of the block.
        self._stamper: FrameStamper | None = None
        # What answers begin with if they are of this length, as the last one was.
        self._starts: list[bytes] = []
        self._length = 0
        recorder.before_reading(self._book)

    def _expect(self, head: "re.Match[bytes]", numbers: range) -> None:
        """Lay out what answers to these requests begin with if they are like another one."""
        form = head["verb"] + self._inbox.encode().replace(b"%", b"%%") + b".%010x" + head["sizes"]
        self._starts = [form % self._tokens.of(number) for number in numbers]
        self._length = head.end() + int(head["size"]) + 2

    def _drop(self) -> None:
        """Have nothing ready."""
        self._starts, self._length, self._stamper = [], 0, None

    def _book(self) -> None:
        """Enter into the books what was put off."""
        raise NotImplementedError

    def _go_on(self) -> None:
        """Go on from what the books say, which something else may have changed."""

    def _take_generally(self, data: bytes, now_ns: int) -> None:
        """Take whole answers of any kind."""
        taken = super().scan(data, now_ns)
        for frame in parse(data[taken:])[0]:
            super().on_frame(frame, now_ns)

    def on_frame(self, frame: Frame, now_ns: int) -> None:
        """Take what is no plain good answer."""
        self._book()
        super().on_frame(frame, now_ns)
        self._go_on()

    def on_time(self, now_ns: int) -> None:
        """Look at what has waited for too long."""
        self._book()
        super().on_time(now_ns)
        self._go_on()

    def on_disconnect(self, words: str, now_ns: int) -> None:
        """Fail what was in flight."""
        self._book()
        super().on_disconnect(words, now_ns)
        self._go_on()

    def give_up(self, kind: ErrorClass, words: str, now_ns: int) -> None:
        """Fail what was still to be sent."""
        self._book()
        super().give_up(kind, words, now_ns)

    def abandon(self, now_ns: int) -> None:
        """Leave what is in flight without an outcome."""
        self._book()
        super().abandon(now_ns)

    @property
    def unfinished(self) -> int:
        """How many messages are in flight, or were abandoned."""
        self._book()
        return super().unfinished

    def _forget(self, numbers: Sequence[int]) -> None:
        """What lies ready has reply subjects that are not used any more."""
        super()._forget(numbers)
        if numbers:
            self._drop()

    def stop(self) -> None:
        """Send nothing new."""
        self._book()
        super().stop()
        self._drop()
