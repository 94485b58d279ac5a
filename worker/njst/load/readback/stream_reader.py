"""Reads a stream from a sequence to another or its end, without I/O: bytes in, bytes out.

It asks the stream's leader where the end is, creates a consumer that is read in order, and takes
messages up to there. The consumer may be on a server that is behind the leader, so only the leader
tells where the end is. Pulls ask for no message beyond it, and stay within the limits of server,
stream and connection. A consumer with a gap in its deliveries, or a silent one, is replaced by
another one behind the last message. A work queue allows no second consumer: its messages are
fetched one by one.

Sequences without a message are recorded: the stream once had them and has deleted them. It may
delete more while it is read, so its state is asked for once more at the end.
"""

import json
from base64 import b64decode
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from njst.contract.results.readback import RangeResult
from njst.load.protocol import encoder
from njst.load.protocol.jetstream_answers import (
    consumer_sequences,
    delivery_of,
    status_of,
    stream_sequences,
)
from njst.load.protocol.parser import Frame, MessageFrame, Ping, ServerError, parse
from njst.load.readback.pull_sizes import PullSizes
from njst.load.readback.stream_state import WORK_QUEUE, LeaderStreamState, stream_state
from njst.load.scan.message_heads import head_pattern, messages
from njst.verification.range_codec import ProducerRanges
from njst.verification.range_codec import encode as range_text
from njst.verification.ranges import Range, Ranges, count

# A consumer is replaced after this silence; the reader gives up without progress for PATIENCE_NS.
SILENT_NS = 5_000_000_000
PATIENCE_NS = 30_000_000_000
AGAIN_NS = 250_000_000
# How long a server that has no more messages may be behind the leader.
BEHIND_NS = 5_000_000_000
_CONSUMER_IDLE_NS = 60_000_000_000
_STREAM_NOT_FOUND = 10059
_MESSAGE_NOT_FOUND = 10037
_MOST_WORDS = 300
_MESSAGE = head_pattern(rb"\S+", rb"(?P<sid>\d{1,9})", rb"(?P<reply>\$JS\.ACK\.\S+) ")

Take = Callable[[bytes, Sequence[int], Sequence[int]], None]


@dataclass(frozen=True)
class ReaderSettings:
    """What to read: a stream behind a sequence, up to another one or to its end.

    `consumer` and `inbox` are names of the reader's own.
    """

    api: str
    stream: str
    after: int
    consumer: str
    inbox: str
    upto: int | None = None


class StreamReader:
    """Reads one stream. `done`: it was read, or does not exist; else `problem` says why not.

    `take` gets a buffer and the places and sizes of payloads in it, each message once, in order.
    """

    def __init__(self, where: ReaderSettings, take: Take) -> None:
        self.done = False
        self.problem = ""
        self._where = where
        self._take = take
        self._position = where.after
        self._end = 0
        self._state: LeaderStreamState | None = None
        self._empty = Ranges()
        self._is_gone = False
        # All is read; whether the state was asked for once more.
        self._is_read = False
        self._has_asked = False
        self._round = 0
        self._delivered = 0
        self._pending = 0
        self._pulls = PullSizes()
        self._server = ""
        self._rest = b""
        self._words = "no answer"
        self._begin_ns = 0
        self._heard_ns = 0
        self._progress_ns = 0
        self._empty_ns = 0

    def open(self, now_ns: int, server: str = "") -> bytes:
        """Return the first bytes of a new connection, to a server of this id."""
        self._rest = b""
        self._server = server
        if self._progress_ns:
            self._pulls.shrink()
        self._progress_ns = self._progress_ns or now_ns
        return self._begin_again(now_ns)

    def result(self) -> RangeResult:
        """Return the state of the stream, and the sequences of the range without a message."""
        state = self._state
        if self._is_gone or state is None:
            return RangeResult(stream=self._where.stream, is_gone=True, server=self._server)
        front, inside = _parted(self._empty.ranges(), state.first)
        return RangeResult(
            stream=self._where.stream,
            server=self._server,
            created_ns=state.created_ns,
            limits=state.limits,
            first_sequence=state.first,
            last_sequence=state.last,
            messages=state.messages,
            bytes=state.bytes,
            consumers=state.consumers,
            deleted=state.deleted,
            damaged=state.damaged,
            front=front,
            inside=inside,
            empty=None if self._empty.is_full else _text(self._empty.ranges()),
        )

    def _begin_again(self, now_ns: int) -> bytes:
        """Begin again behind the last message."""
        out = b""
        if self._round:
            out = encoder.unsub(self._round) + self.close()
        self._round += 1
        self._heard_ns = now_ns
        self._begin_ns = 0
        self._delivered = self._pending = 0
        self._pulls.begin({})
        out += encoder.sub(f"{self._inbox}.*", self._round)
        return out + self._ask("STREAM.INFO", "", "info", {})

    def _finish(self) -> None:
        """End; with holes, once the stream has told its state again."""
        self._is_read = bool(self._empty.ranges())
        self.done = not self._is_read

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
        return encoder.pub(subject, payload, f"{self._inbox}.{answer}" if answer else "")

    def close(self) -> bytes:
        """Return what deletes the consumer."""
        if self._state is not None and self._state.limits.retention == WORK_QUEUE:
            return b""
        return self._ask("CONSUMER.DELETE", self._consumer, "", {})

    def on_time(self, now_ns: int) -> bytes:
        """Begin again after a refusal or a silence; give up in the end."""
        self._progress_ns = self._progress_ns or now_ns
        if now_ns - self._progress_ns >= PATIENCE_NS:
            self.problem = self._words
        elif (self._begin_ns and now_ns >= self._begin_ns) or now_ns - self._heard_ns >= SILENT_NS:
            return self._begin_again(now_ns)
        return b""

    def on_break(self, words: str) -> None:
        """Keep why there is no connection: it may be the final problem."""
        self._words = words[:_MOST_WORDS]

    def feed(self, data: bytes, now_ns: int) -> bytes:
        """Take what has arrived; return what to send.

        Raises:
            ProtocolError: it is not NATS.
            ConnectionError: the server says that it closes the connection.
        """
        left = self._rest + data
        out = b""
        while True:
            # Between two runs of messages is the end of a pull: one frame for the parser.
            left = left[self._scan(left, now_ns) :]
            frames, used = parse(left, 1)
            if not frames:
                break
            left = left[used:]
            out += self._on_frame(frames[0], now_ns)
        self._rest = left
        return out + self._go_on(now_ns)

    def _on_frame(self, frame: Frame, now_ns: int) -> bytes:
        """Take a frame that the scan has left; return what to send.

        Raises:
            ConnectionError: the server says that it closes the connection.
        """
        if isinstance(frame, Ping):
            return encoder.PONG
        if isinstance(frame, ServerError):
            self._on_error(frame)
        elif isinstance(frame, MessageFrame) and frame.sid == self._round and not self.done:
            return self._on_message(frame, now_ns)
        return b""

    def _on_error(self, error: ServerError) -> None:
        """Take an error of the server; a permission is not granted later.

        Raises:
            ConnectionError: the server says that it closes the connection.
        """
        self._words = f"-ERR {error.text}"[:_MOST_WORDS]
        if error.is_last:
            raise ConnectionError(self._words)
        # A consumer that may not be deleted does no harm: the server removes it later.
        if "permissions violation" in error.text.lower() and "CONSUMER.DELETE" not in error.text:
            self.problem = self._words

    def _scan(self, data: bytes, now_ns: int) -> int:
        """Take the messages at the beginning of `data`."""
        own = b"%d" % self._round
        replies: list[bytes] = []
        places: list[int] = []
        sizes: list[int] = []
        at = 0
        for head, begin, end in messages(_MESSAGE, data, 0):
            if head["sid"] == own:
                replies.append(head["reply"])
                places.append(begin)
                sizes.append(end - 2 - begin)
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
            # What is behind a gap is read again, with the missing messages.
            good = next(n for n, number in enumerate(wanted) if numbers[n] != number)
            self._begin_ns = now_ns
        self._delivered += good
        self._pulls.requested -= good
        self._pending -= good
        last = delivery_of(replies[good - 1]) if good else None
        if last is None or self.done or self._is_read:
            return
        upto = self._where.upto
        is_inside = upto is None or last.stream_sequence <= upto
        if is_inside and last.stream_sequence - self._position == good:
            self._position = last.stream_sequence
        else:
            good = self._pass(stream_sequences(replies[:good]))
        self._take(data, places[:good], sizes[:good])

    def _pass(self, sequences: Sequence[int]) -> int:
        """Record the gaps between these messages; return how many belong to this range."""
        upto = self._where.upto
        good = len(sequences) if upto is None else bisect_right(sequences, upto)
        for sequence in sequences[:good]:
            self._go_to(sequence - 1)
            self._position = sequence
        if good < len(sequences):
            self._go_to(upto or 0)
        return good

    def _go_to(self, sequence: int) -> None:
        """Record that there is no message up to this sequence."""
        self._empty.add_range(self._position + 1, sequence + 1)
        self._position = max(self._position, sequence)

    def _on_message(self, frame: MessageFrame, now_ns: int) -> bytes:
        status = status_of(frame)
        name = frame.subject.rpartition(b".")[2]
        if status is not None:
            if not self._pulls.end(name, status):
                self._wait(str(status), now_ns)
            return b""
        if frame.reply:
            self._deliver(frame.payload, [frame.reply], [0], [len(frame.payload)], now_ns)
            return b""
        self._heard_ns = now_ns
        try:
            return self._on_answer(name, json.loads(frame.payload), now_ns)
        except (ValueError, KeyError, TypeError, AttributeError):
            self._wait(f"not an answer: {frame.payload[:100]!r}", now_ns)
            return b""

    def _on_answer(self, name: bytes, answer: dict[str, Any], now_ns: int) -> bytes:
        error = answer.get("error")
        if error is not None:
            code = error.get("err_code")
            if code == _STREAM_NOT_FOUND:
                self._is_gone = not self._is_read
                self.done = True
            elif name == b"get" and code == _MESSAGE_NOT_FOUND:
                # This is the leader's own answer.
                self._go_to(self._end)
                self._finish()
            else:
                self._wait(f"{error.get('description')} ({code})", now_ns)
            return b""
        if self._is_read:
            if name in (b"info", b"last"):
                self._state, self.done = stream_state(answer), True
            return b""
        if name == b"info":
            return self._on_end(answer)
        if name == b"get":
            return self._on_one(answer["message"], now_ns)
        self._pulls.begin(answer.get("config") or {})
        self._pending = int(answer["num_pending"])
        if not self._pending:
            self._on_nothing(now_ns)
        return b""

    def _on_end(self, answer: dict[str, Any]) -> bytes:
        """Take the end of the stream from its leader; create a consumer unless it is reached."""
        self._state = state = stream_state(answer)
        self._end = state.last
        if self._where.upto is not None:
            self._end = min(self._end, self._where.upto)
        # The leader says that this part is empty.
        if self._position + 1 < state.first:
            self._go_to(min(self._end, state.first - 1))
        if self._position >= self._end:
            self.done = True
            return b""
        if state.limits.retention == WORK_QUEUE:
            return self._get_next()
        config = {
            "name": self._consumer,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": self._position + 1,
            "ack_policy": "none",
            "replay_policy": "instant",
            "inactive_threshold": min(state.idle_ns or _CONSUMER_IDLE_NS, _CONSUMER_IDLE_NS),
            "mem_storage": True,
            "num_replicas": 1,
        }
        body = {"stream_name": self._where.stream, "config": config}
        return self._ask("CONSUMER.CREATE", self._consumer, "make", body)

    def _get_next(self) -> bytes:
        body = {"seq": self._position + 1, "next_by_subj": ">"}
        return self._ask("STREAM.MSG.GET", "", "get", body)

    def _on_one(self, message: dict[str, Any], now_ns: int) -> bytes:
        """Take a message of a work queue, and ask for the next one."""
        self._progress_ns = now_ns
        payload = b64decode(message.get("data") or "")
        if self._pass([int(message["seq"])]):
            self._take(payload, [0], [len(payload)])
        if self._position >= self._end:
            self._finish()
            return b""
        return self._get_next()

    def _on_nothing(self, now_ns: int) -> None:
        """Wait for a server that is behind, or end where the last messages were deleted."""
        self._empty_ns = self._empty_ns or now_ns
        alone = self._state is None or self._state.replicas == 1
        if alone or now_ns - self._empty_ns >= BEHIND_NS:
            self._go_to(self._end)
            self._finish()
        else:
            self._begin_ns = now_ns + AGAIN_NS

    def _wait(self, words: str, now_ns: int) -> None:
        self._words = words[:_MOST_WORDS]
        self._begin_ns = now_ns + AGAIN_NS

    def _go_on(self, now_ns: int) -> bytes:
        """Pull more messages, or ask again where the end is."""
        if self.done or self._begin_ns:
            return b""
        if self._end and self._position >= self._end:
            self._finish()
        if self._is_read and not self._has_asked:
            self._has_asked = True
            return self._ask("STREAM.INFO", "", "last", {})
        if self.done or self._is_read:
            return b""
        if self._pending <= 0:
            if self._delivered:
                self._begin_ns = now_ns
            return b""
        out = b""
        while (pull := self._pulls.next(self._end - self._position)) is not None:
            name, body = pull
            out += self._ask("CONSUMER.MSG.NEXT", self._consumer, name, body)
        return out


def _parted(ranges: Sequence[Range], first: int) -> tuple[int, int]:
    """Return how many numbers of the ranges are below `first`, and how many are not."""
    front = count((begin, min(end, first)) for begin, end in ranges if begin < first)
    return front, count(ranges) - front


def _text(ranges: list[Range]) -> str:
    return range_text([ProducerRanges(0, 0, ranges)]) if ranges else ""
