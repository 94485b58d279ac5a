"""Atomic batches (ADR-50): messages that are stored together or not at all.

The headers of each message name its batch and its place; the last one commits, and has a reply. A
request is a batch: its latency is that of the whole.

A server that does not accept a batch says why in reply to its first message, and of the last one
only that the batch is incomplete. So the first message of large batches has a reply too: a small
batch would become dearer by it.
"""

from collections.abc import Sequence
from dataclasses import replace

from njst.contract.header_names import BATCH_COMMIT, BATCH_ID, BATCH_SEQUENCE
from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.publish.publish_rows import are_many, batch_rows, frames_of
from njst.load.protocol import stamp
from njst.load.protocol.jetstream_answers import Failure, publish_answer, with_batch_advice
from njst.load.protocol.parser import MessageFrame
from njst.load.protocol.request_numbers import as_list
from njst.load.recording.producer_receipts import ProducerReceipts
from njst.load.requests.codec import NO_ANSWERS, Answers, RequestCodec
from njst.load.scan.puback_runs import PubAckScanner
from njst.load.templates.frame_cycle import FrameCycle, FrameRow
from njst.load.templates.frame_layout import FrameSettings, publish_row
from njst.load.templates.open_frames import OPEN_SUBJECT
from njst.load.templates.payloads import bodies
from njst.load.templates.subjects import draw, expand

# Messages of a batch that leave before the others are made: a server that has only this client
# would otherwise wait for the whole batch.
_HEAD = 64
# Batches of fewer messages have no reply to their first one.
_LARGE = 64
# server/errors.json: the batch is incomplete.
_INCOMPLETE = "(10176)"
_MAYBE = "the server may have too many under way: use fewer clients"


class AtomicBatchCodec(RequestCodec):
    """The batches of one client."""

    sends_each_message = True

    def __init__(
        self, plan: ClientPlan, inbox: str, job: str, receipts: ProducerReceipts | None = None
    ) -> None:
        super().__init__()
        publish = plan.publish
        assert publish is not None
        self._publish = publish
        self.weight = publish.batch
        self._first_reply = _first_reply(inbox).encode()
        self.window = max(1, publish.window // publish.batch)
        self._plan = plan
        self._messages = plan.messages
        self._settings = FrameSettings(
            inbox=inbox,
            job=stamp.job_code(job),
            producer=stamp.producer_code(plan.number, plan.index),
            headers=publish.fixed_headers,
            is_stamped=not publish.payload.file,
            id_header=BATCH_ID,
            # A batch id has 64 characters at most; a part of the inbox is as unique as the whole.
            id_prefix=inbox.rpartition(".")[2][:32],
        )
        batches = batch_rows(plan) // publish.batch
        rows = self._rows(publish.batch, batches)
        self.frame_bytes = sum(len(row.frame) for row in rows) // batches
        self._cycle = frames_of(plan, rows, id_step=publish.batch)
        self._tail = self._make_tail()
        noted = None if receipts is None else receipts.marks
        self._acks = PubAckScanner(inbox, None, publish.stream, noted)
        # What is still to be sent of a batch: its first message, how many, and their time.
        self._rest: tuple[int, int, int] | None = None
        # Why the server did not accept the batch whose first message it has answered last.
        self._refusal = ""

    def _rows(self, size: int, batches: int) -> list[FrameRow]:
        """Return the rows of whole batches of `size` messages."""
        publish, count = self._publish, size * batches
        subjects, order = [OPEN_SUBJECT], [0] * count
        if not are_many(self._plan):
            subjects = expand(publish.subjects, publish.subject_count)
            first = publish.first_subject
            order = draw(publish.subject_order, len(subjects), count, self._plan.index, first)
        payloads = bodies(publish.payload, count, self._plan.index)
        self._bytes = sum(map(len, payloads)) // batches
        settings = [self._settings_at(place, size) for place in range(1, size + 1)]
        return [
            publish_row(settings[row % size], subjects[order[row]], payloads[row])
            for row in range(count)
        ]

    def _settings_at(self, place: int, size: int) -> FrameSettings:
        """Return what a message at this place, from 1, of a batch of `size` has in its head."""
        headers = [*self._settings.headers, (BATCH_SEQUENCE, str(place))]
        if place == 1 and size >= _LARGE:
            reply = _first_reply(self._settings.inbox)
            return replace(self._settings, headers=headers, inbox="", fixed_reply=reply)
        if place < size:
            return replace(self._settings, headers=headers, inbox="")
        return replace(self._settings, headers=[*headers, (BATCH_COMMIT, "1")])

    def _make_tail(self) -> FrameCycle | None:
        """Return the last batch, when it is not a whole one."""
        rest = (self._messages or 0) % self.weight
        if not rest or self._messages is None:
            return None
        whole_bytes = self._bytes
        rows = self._rows(rest, 1)
        self._tail_bytes, self._bytes = self._bytes, whole_bytes
        # Row r of a cycle serves the numbers that leave r: turn it until the first one fits.
        turn = (self._messages - rest) % rest
        turned = rows[-turn:] + rows[:-turn] if turn else rows
        return frames_of(self._plan, turned, id_step=self.weight)

    def _is_tail(self, number: int) -> bool:
        whole = self._messages
        return self._tail is not None and whole is not None and (number + 1) * self.weight > whole

    def encode(self, first: int, count: int, log_ns: int) -> bytes:
        """Return the frames of whole batches; of a single large one the head, `more` the rest."""
        if count == 1 and self.weight > _HEAD and not self._is_tail(first):
            begin = first * self.weight
            self._rest = (begin + _HEAD, self.weight - _HEAD, log_ns)
            return self._cycle.encode(begin, _HEAD, log_ns)
        out = b""
        if self._tail is not None and self._is_tail(first + count - 1):
            count -= 1
            begin = (first + count) * self.weight
            rest = (self._messages or 0) - begin
            out = self._tail.encode(begin, rest, log_ns)
        if count:
            out = self._cycle.encode(first * self.weight, count * self.weight, log_ns) + out
        return out

    def more(self, log_ns: int) -> bytes:  # noqa: ARG002 - a batch has one time
        """Return what `encode` has left of a batch."""
        if self._rest is None:
            return b""
        out = self._cycle.encode(*self._rest)
        self._rest = None
        return out

    def forget(self, numbers: Sequence[int]) -> None:
        """Send no more of a batch that has failed."""
        if self._rest is not None and self._rest[0] // self.weight in numbers:
            self._rest = None

    def scan(self, data: bytes) -> Answers:
        """Take plain acknowledgements: each is for its batch, by the number of the last message."""
        if (alone := self._acks.alone(data)) is not None:
            number = alone // self.weight
            return Answers([number], self._size(number), len(data))
        found, taken = self._acks.scan(data)
        if not taken:
            return NO_ANSWERS
        numbers = [number // self.weight for number in as_list(found)]
        return Answers(numbers, [self._size(number) for number in numbers], taken)

    def _size(self, number: int) -> int:
        """Return the payload bytes of a batch."""
        return self._tail_bytes if self._is_tail(number) else self._bytes

    def translate(self, frame: MessageFrame) -> MessageFrame | None:
        """Note why a batch is not accepted: the answer to its first message comes first."""
        if frame.subject != self._first_reply:
            return frame
        self._refusal = ""
        if frame.payload:
            answer = publish_answer(frame)
            self._refusal = answer.words if isinstance(answer, Failure) else ""
        return None

    def answer(self, number: int, message: MessageFrame) -> int | Failure:
        """Return the payload bytes of the batch, or why it is not stored."""
        answer = publish_answer(message, self._publish.stream)
        if isinstance(answer, Failure):
            if answer.error_class is ErrorClass.OTHER:
                return Failure(ErrorClass.BATCH_REFUSED, self._reason(answer.words))
            return answer
        return self._size(number)

    def _reason(self, words: str) -> str:
        """Return why a batch is not stored, with advice; the first reason is the true one."""
        if not words.endswith(_INCOMPLETE):
            return words
        first, self._refusal = self._refusal, ""
        return with_batch_advice(first) or f"{words}; {_MAYBE}"


def _first_reply(inbox: str) -> str:
    return f"{inbox}.first"
