"""Compare-and-set: a message is stored only if the last sequence is the one that its client knows.

A client knows the last sequence of the stream, or of each subject, from the answers to its own
messages, good ones and refusals. The first message to a subject that existed before goes without a
condition, and its answer tells the sequence. One message is in flight at a time, since the next
depends on its outcome.
"""

from dataclasses import replace

from njst.contract.header_names import LAST_SEQUENCE, LAST_SUBJECT_SEQUENCE
from njst.contract.kinds.publish import Expect
from njst.contract.plan import ClientPlan
from njst.load.kinds.publish.publish_rows import frames_of, publish_rows, subject_numbers
from njst.load.protocol import stamp
from njst.load.protocol.jetstream_answers import Failure, last_sequence_in, publish_answer
from njst.load.protocol.parser import MessageFrame
from njst.load.protocol.reply_tokens import ReplyTokens
from njst.load.recording.producer_receipts import ProducerReceipts
from njst.load.requests.codec import NO_ANSWERS, Answers, RequestCodec
from njst.load.scan.puback_runs import puback_pattern
from njst.load.templates.frame_layout import FrameSettings

_HEADERS = {
    Expect.LAST_SEQUENCE: LAST_SEQUENCE,
    Expect.LAST_SUBJECT_SEQUENCE: LAST_SUBJECT_SEQUENCE,
}
# As wide as the largest sequence: the frames of a cycle keep their lengths.
_DIGITS = 19
_OPEN = b"Sequence: " + b"0" * _DIGITS + b"\r\n"


def _whole(_number: int) -> int:
    """Return the one sequence that all messages of a stream depend on."""
    return 0


class ExpectedSequenceCodec(RequestCodec):
    """Messages of one client with the last sequence that it knows, and their acknowledgements."""

    def __init__(
        self,
        plan: ClientPlan,
        inbox: str,
        job: str,
        tokens: ReplyTokens | None = None,
        receipts: ProducerReceipts | None = None,
    ) -> None:
        publish = plan.publish
        assert publish is not None
        super().__init__(tokens)
        self._stream = publish.stream
        self._marks = None if receipts is None else receipts.marks
        plain = FrameSettings(
            inbox=inbox,
            job=stamp.job_code(job),
            producer=stamp.producer_code(plan.number, plan.index),
            headers=publish.fixed_headers,
            is_stamped=not publish.payload.file,
        )
        condition = (_HEADERS[publish.expect], "0" * _DIGITS)
        rows, self._sizes, _ = publish_rows(plan, plain)
        self._plain = frames_of(plan, rows, turns=self.tokens.turns)
        conditional = replace(plain, headers=[condition, *publish.fixed_headers])
        rows, _, self.frame_bytes = publish_rows(plan, conditional)
        self._expecting = frames_of(plan, rows, turns=self.tokens.turns)
        is_whole = publish.expect is Expect.LAST_SEQUENCE
        # Which sequence each message depends on: the stream's, or its subject's.
        self._part = _whole if is_whole else subject_numbers(plan)
        parts = 1 if is_whole else len(publish.subjects) * publish.subject_count
        is_known = is_whole or not publish.last_sequence
        self._known: list[int | None] = [publish.last_sequence if is_known else None]
        self._known *= parts
        self._stored = puback_pattern(inbox, self._stream)

    def encode(self, first: int, count: int, log_ns: int) -> bytes:
        """Return the frames of messages; the window allows one at a time."""
        return b"".join([self._frame(first + n, log_ns) for n in range(count)])

    def _frame(self, number: int, log_ns: int) -> bytes:
        known, shift = self._known[self._part(number)], self.tokens.shift
        if known is None:
            return self._plain.encode(number, 1, log_ns, shift=shift)
        condition = b"Sequence: %0*d\r\n" % (_DIGITS, known)
        frame = self._expecting.encode(number, 1, log_ns, shift=shift)
        return frame.replace(_OPEN, condition, 1)

    def scan(self, data: bytes) -> Answers:
        """Take one plain acknowledgement of a message that was not stored before."""
        found = self._stored.fullmatch(data)
        if found is None or found[3]:
            return NO_ANSWERS
        number = self.tokens.number(int(found[1], 16))
        self._learn(number, int(found[2]))
        self._note(number, int(found[2]))
        return Answers([number], self._size(number), len(data))

    def answer(self, number: int, message: MessageFrame) -> int | Failure | Answers:
        """Return the payload bytes of the message, or why it is not stored; learn from both."""
        answer = publish_answer(message, self._stream)
        if not isinstance(answer, Failure):
            size = self._size(number)
            if answer.duplicate:
                # Its sequence is that of the message that was stored before.
                return Answers([number], size, 0, [number])
            self._learn(number, answer.sequence)
            return size
        last = last_sequence_in(answer.words)
        if last is not None:
            self._learn(number, last)
        return answer

    def _learn(self, number: int, sequence: int) -> None:
        if number < 0:
            return  # the answer to a forgotten message
        self._known[self._part(number)] = sequence

    def _note(self, number: int, sequence: int) -> None:
        if self._marks is not None and number >= self._marks.next:
            self._marks.note(number, sequence)

    def _size(self, number: int) -> int:
        sizes = self._sizes
        return sizes if isinstance(sizes, int) else int(sizes[number % len(sizes)])
