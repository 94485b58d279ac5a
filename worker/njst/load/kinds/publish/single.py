"""Single messages, each with an acknowledgement of its own."""

from njst.contract.header_names import MESSAGE_ID
from njst.contract.kinds.publish import PublishMode, PublishPlan
from njst.contract.plan import ClientPlan
from njst.load.kinds.publish.publish_rows import frames_of, publish_rows
from njst.load.protocol import encoder, stamp
from njst.load.protocol.jetstream_answers import Failure, publish_answer
from njst.load.protocol.parser import MessageFrame
from njst.load.protocol.reply_tokens import ReplyTokens
from njst.load.protocol.request_numbers import as_array
from njst.load.recording.producer_receipts import ProducerReceipts
from njst.load.requests.codec import NO_ANSWERS, Answers, RequestCodec
from njst.load.scan.puback_runs import PubAckScanner
from njst.load.templates.frame_cycle import FrameStamper, made_late
from njst.load.templates.frame_layout import OPEN_INSTANT, FrameSettings

# A longer chunk is hardly a single acknowledgement.
_ALONE_BYTES = 200


class PublishCodec(RequestCodec):
    """Frames of one client, and its acknowledgements."""

    can_prebuild = True

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
        self.window = window_of(publish)
        has_ids = publish.message_ids or publish.delay_ms > 0
        settings = FrameSettings(
            inbox=inbox,
            job=stamp.job_code(job),
            producer=stamp.producer_code(plan.number, plan.index),
            headers=publish.fixed_headers,
            is_stamped=not publish.payload.file,
            id_prefix=f"{job}-{plan.number}-{plan.index}" if has_ids else "",
        )
        made, self._sizes, self.frame_bytes = publish_rows(plan, settings)
        self._frames = frames_of(plan, made, turns=self.tokens.turns)
        names = [name.lower() for name, _ in publish.fixed_headers]
        self._has_ids = publish.message_ids or MESSAGE_ID.lower() in names
        # The sequence of a duplicate is that of the message that was stored before it.
        noted = None if receipts is None or self._has_ids else receipts.marks
        self._acks = PubAckScanner(inbox, self.tokens, self._stream, noted)

    def encode(self, first: int, count: int, log_ns: int) -> bytes:
        """Return PUB or HPUB frames."""
        return self._frames.encode(first, count, log_ns, shift=self.tokens.shift)

    def address(self, number: int) -> str | None:
        """Return the subject of a message."""
        return self._frames.subject(number)

    def prebuilt(self, first: int, count: int) -> FrameStamper:
        """Return a stamper of frames that are made ahead."""
        return self._frames.prebuilt(first, count, shift=self.tokens.shift)

    def scan(self, data: bytes) -> Answers:
        """Take plain acknowledgements, up to the last whole one."""
        sizes = self._sizes
        if len(data) < _ALONE_BYTES and isinstance(sizes, int):
            alone = self._acks.alone(data)
            if alone is not None:
                return Answers([alone], sizes, len(data), self._duplicates(data, len(data)))
        numbers, taken = self._acks.scan(data)
        if not taken:
            return NO_ANSWERS
        those = sizes if isinstance(sizes, int) else sizes[as_array(numbers) % len(sizes)]
        return Answers(numbers, those, taken, self._duplicates(data, taken))

    def _duplicates(self, data: bytes, end: int) -> list[int]:
        """Return the messages that the stream had already; without ids it cannot know any."""
        return self._acks.duplicates(data, end) if self._has_ids else []

    def answer(self, number: int, message: MessageFrame) -> int | Failure | Answers | None:
        """Return the payload bytes of the message, or why it is not stored."""
        answer = publish_answer(message, self._stream)
        if isinstance(answer, Failure):
            return answer
        sizes = self._sizes
        size = sizes if isinstance(sizes, int) else int(sizes[number % len(sizes)])
        return Answers([number], size, 0, [number]) if answer.duplicate else size


class DelayedCodec(PublishCodec):
    """Messages that the stream stores later (ADR-51), stamped with their due instant."""

    def __init__(
        self,
        plan: ClientPlan,
        inbox: str,
        job: str,
        tokens: ReplyTokens | None = None,
        receipts: ProducerReceipts | None = None,
    ) -> None:
        assert plan.publish is not None
        self._delay_ns = plan.publish.delay_ms * 1_000_000
        super().__init__(plan, inbox, job, tokens, receipts)

    def encode(self, first: int, count: int, log_ns: int) -> bytes:
        """Return schedules, all of them due at the same time after this one."""
        due_ns = log_ns + self._delay_ns
        return super().encode(first, count, due_ns).replace(OPEN_INSTANT, encoder.instant(due_ns))

    def prebuilt(self, first: int, count: int) -> FrameStamper:  # noqa: ARG002
        """Return what makes each frame when it leaves: its due time is not known before."""
        return made_late(self.encode, first)


def window_of(publish: PublishPlan) -> int:
    """Return how many messages may be without an acknowledgement."""
    return publish.window if publish.mode is PublishMode.ASYNCHRONOUS else 1
