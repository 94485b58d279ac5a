"""Reads a stream from a sequence to another or its end, without I/O: bytes in, bytes out.

It asks the stream's leader where the end is, makes a consumer that is read in order, and takes
messages until it is there. The consumer may be on a server that is behind the leader, so nothing
but the leader's own word says where the end is. No more is asked for than is up to there. A
consumer whose deliveries have a gap, or that says nothing for a while, is followed by another one
behind the last message that came.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from njst.load.wire import encode
from njst.load.wire.jsapi import consumer_sequences, delivery_of, status_of, stream_sequences
from njst.load.wire.parse import Message, Ping, parse

# Two pulls are under way, so that the server always has one.
PULL = 2_000
EXPIRES_NS = 2_000_000_000
# A consumer that is silent for so long is given up, and so is the whole, in the end.
SILENT_NS = 5_000_000_000
PATIENCE_NS = 30_000_000_000
AGAIN_NS = 250_000_000
# How long a server that has nothing more may be behind the leader.
BEHIND_NS = 5_000_000_000
_CONSUMER_IDLE_NS = 60_000_000_000
_STREAM_NOT_FOUND = 10059
_MESSAGE = re.compile(rb"H?MSG \S+ (\d{1,9}) (\$JS\.ACK\.\S+) (?:(\d{1,9}) )?(\d{1,9})\r\n")

Take = Callable[[bytes, Sequence[int], Sequence[int]], None]


@dataclass(frozen=True)
class Where:
    """What to read: a stream behind a sequence, up to another one or to its end.

    Names are the reader's own.
    """

    api: str
    stream: str
    after: int
    consumer: str
    inbox: str
    upto: int | None = None


class Reading:
    """One stream. `done`: its end was reached, or it is not there; else `problem` says why not.

    `take` gets a buffer and the places and sizes of payloads in it, each message once, in order.
    """

    def __init__(self, where: Where, take: Take) -> None:
        self.done = False
        self.problem = ""
        self._where = where
        self._take = take
        self._position = where.after
        self._end = 0
        self._replicas = 1
        self._round = 0
        self._delivered = 0
        self._pending = 0
        self._requested = 0
        self._rest = b""
        self._words = "no answer"
        self._begin_ns = 0
        self._heard_ns = 0
        self._progress_ns = 0
        self._empty_ns = 0

    def open(self, now_ns: int) -> bytes:
        """Return what a new connection begins with."""
        self._rest = b""
        self._progress_ns = self._progress_ns or now_ns
        return self._again(now_ns)

    def _again(self, now_ns: int) -> bytes:
        """Begin anew behind the last message that came."""
        out = b""
        if self._round:
            out = encode.unsub(self._round) + self.close()
        self._round += 1
        self._heard_ns = now_ns
        self._begin_ns = 0
        self._delivered = self._pending = self._requested = 0
        out += encode.sub(f"{self._inbox}.*", self._round)
        return out + self._ask("STREAM.INFO", "", "info", {})

    @property
    def _inbox(self) -> str:
        return f"{self._where.inbox}.{self._round}"

    @property
    def _consumer(self) -> str:
        return f"{self._where.consumer}-{self._round}"

    def _ask(self, call: str, consumer: str, answer: str, body: dict[str, Any]) -> bytes:
        tail = f".{consumer}" if consumer else ""
        subject = f"{self._where.api}.{call}.{self._where.stream}{tail}"
        payload = json.dumps(body).encode() if body else b""
        return encode.pub(subject, payload, f"{self._inbox}.{answer}" if answer else "")

    def close(self) -> bytes:
        """Return what leaves nothing behind."""
        return self._ask("CONSUMER.DELETE", self._consumer, "", {})

    def on_time(self, now_ns: int) -> bytes:
        """Begin anew after a refusal or a silence; give up in the end."""
        self._progress_ns = self._progress_ns or now_ns
        if now_ns - self._progress_ns >= PATIENCE_NS:
            self.problem = self._words
        elif (self._begin_ns and now_ns >= self._begin_ns) or now_ns - self._heard_ns >= SILENT_NS:
            return self._again(now_ns)
        return b""

    def feed(self, data: bytes, now_ns: int) -> bytes:
        """Take what has arrived; return what to send.

        Raises:
            ProtocolError: it is not NATS.
        """
        data = self._rest + data
        at = self._scan(data, now_ns)
        frames, used = parse(data[at:])
        self._rest = data[at + used :]
        out = b""
        for frame in frames:
            if isinstance(frame, Ping):
                out += encode.PONG
            elif isinstance(frame, Message) and frame.sid == self._round and not self.done:
                out += self._on_message(frame, now_ns)
        return out + self._go_on(now_ns)

    def _scan(self, data: bytes, now_ns: int) -> int:
        """Take the messages at the beginning of `data`."""
        match, own = _MESSAGE.match, b"%d" % self._round
        replies: list[bytes] = []
        places: list[int] = []
        sizes: list[int] = []
        at, limit = 0, len(data)
        while head := match(data, at):
            size = int(head[4])
            begin = head.end()
            end = begin + size + 2
            if end > limit:
                break
            if head[1] == own:
                header = int(head[3] or 0)
                replies.append(head[2])
                places.append(begin + header)
                sizes.append(size - header)
            at = end
        if replies:
            self._deliver(data, replies, places, sizes, now_ns)
        return at

    def _deliver(
        self, data: bytes, replies: list[bytes], places: list[int], sizes: list[int], now_ns: int
    ) -> None:
        self._heard_ns = self._progress_ns = now_ns
        self._empty_ns = 0
        wanted = range(self._delivered + 1, self._delivered + 1 + len(replies))
        numbers = consumer_sequences(replies)
        good = len(numbers)
        if numbers != list(wanted):
            # What is behind a gap is read again, with what should have been in it.
            good = next(n for n, number in enumerate(wanted) if numbers[n] != number)
            self._begin_ns = now_ns
        self._delivered += good
        self._requested -= good
        self._pending -= good
        last = delivery_of(replies[good - 1]) if good else None
        if last is None or self.done:
            return
        self._position = last.stream_sequence
        upto = self._where.upto
        if upto is not None and self._position > upto:
            good = bisect_right(stream_sequences(replies[:good]), upto)
            self._position = upto
        self._take(data, places[:good], sizes[:good])

    def _on_message(self, frame: Message, now_ns: int) -> bytes:
        status = status_of(frame)
        if status is not None:
            if status.code in (100, 404, 408):
                self._requested = max(0, self._requested - (status.pending or 0))
            else:
                self._wait(str(status), now_ns)
            return b""
        if frame.reply:
            self._deliver(frame.payload, [frame.reply], [0], [len(frame.payload)], now_ns)
            return b""
        self._heard_ns = now_ns
        try:
            return self._on_answer(
                frame.subject.rpartition(b".")[2], json.loads(frame.payload), now_ns
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            self._wait(f"not an answer: {frame.payload[:100]!r}", now_ns)
            return b""

    def _on_answer(self, name: bytes, answer: dict[str, Any], now_ns: int) -> bytes:
        error = answer.get("error")
        if error is not None:
            if error.get("err_code") == _STREAM_NOT_FOUND:
                self.done = True
            else:
                self._wait(f"{error.get('description')} ({error.get('err_code')})", now_ns)
            return b""
        if name == b"info":
            return self._on_end(answer)
        self._pending = int(answer["num_pending"])
        if not self._pending:
            self._on_nothing(now_ns)
        return b""

    def _on_end(self, answer: dict[str, Any]) -> bytes:
        """Take the leader's word on where the end is; make a consumer unless this is there."""
        self._end = int(answer["state"]["last_seq"])
        if self._where.upto is not None:
            self._end = min(self._end, self._where.upto)
        self._replicas = int(answer["config"]["num_replicas"])
        if self._position >= self._end:
            self.done = True
            return b""
        config = {
            "name": self._consumer,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": self._position + 1,
            "ack_policy": "none",
            "replay_policy": "instant",
            "inactive_threshold": _CONSUMER_IDLE_NS,
            "mem_storage": True,
            "num_replicas": 1,
        }
        body = {"stream_name": self._where.stream, "config": config}
        return self._ask("CONSUMER.CREATE", self._consumer, "make", body)

    def _on_nothing(self, now_ns: int) -> None:
        """The last messages are gone, or this server does not have them yet."""
        self._empty_ns = self._empty_ns or now_ns
        if self._replicas == 1 or now_ns - self._empty_ns >= BEHIND_NS:
            self.done = True
        else:
            self._begin_ns = now_ns + AGAIN_NS

    def _wait(self, words: str, now_ns: int) -> None:
        self._words = words
        self._begin_ns = now_ns + AGAIN_NS

    def _go_on(self, now_ns: int) -> bytes:
        """Ask for more, or look again where the end is."""
        if self.done or self._begin_ns:
            return b""
        if self._end and self._position >= self._end:
            self.done = True
            return b""
        if self._pending <= 0:
            if self._delivered:
                self._begin_ns = now_ns
            return b""
        out = b""
        while self._requested <= PULL:
            batch = min(PULL, self._end - self._position - self._requested)
            if batch <= 0:
                break
            self._requested += batch
            out += self._ask(
                "CONSUMER.MSG.NEXT",
                self._consumer,
                "next",
                {"batch": batch, "expires": EXPIRES_NS},
            )
        return out
