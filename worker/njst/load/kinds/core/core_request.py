"""Core NATS requests, each with one reply."""

from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.core.core_frames import core_cycle
from njst.load.protocol.digits import numbers_of
from njst.load.protocol.jetstream_answers import Failure, status_of
from njst.load.protocol.parser import MessageFrame
from njst.load.requests.codec import NO_ANSWERS, Answers, RequestCodec
from njst.load.scan.message_heads import answer_pattern, plain_answers
from njst.load.templates.frame_cycle import FrameStamper

_SID = 1


class CoreRequestCodec(RequestCodec):
    """Requests to one subject, or to many in turn."""

    can_prebuild = True
    # Whether an answer with headers can be good without a closer look.
    takes_headers = True

    def __init__(self, plan: ClientPlan, inbox: str, job: str) -> None:
        super().__init__()
        core = plan.core
        assert core is not None
        self.window = core.window
        self.frame_bytes = core.payload_bytes + 64
        self._size = core.payload_bytes
        # The subject of all requests; None: each has its own.
        self._subject = core.subject if core.subject_count == 1 else None
        self._cycle = core_cycle(plan, core, inbox, job)
        self._reply = answer_pattern(inbox, with_headers=self.takes_headers)

    def encode(self, first: int, count: int, log_ns: int) -> bytes:
        """Return the requests."""
        return self._cycle.encode(first, count, log_ns)

    def prebuilt(self, first: int, count: int) -> FrameStamper:
        """Return a stamper of requests that are made ahead."""
        return self._cycle.prebuilt(first, count)

    def address(self, number: int) -> str | None:
        """Return the subject of a request: a denied one is the oldest of its subject."""
        return self._subject or self._cycle.subject(number)

    def scan(self, data: bytes) -> Answers:
        """Take replies, up to a status or anything else."""
        tokens, _, taken = plain_answers(self._reply, data)
        return Answers(numbers_of(tokens), self._size, taken) if tokens else NO_ANSWERS

    def answer(self, number: int, message: MessageFrame) -> int | Failure:  # noqa: ARG002
        """Return the size of the request, or why it failed."""
        status = status_of(message)
        if status is None:
            return self._size
        if status.code == 503:
            return Failure(ErrorClass.NO_RESPONDERS, "503 no responders: nobody replies")
        return Failure(ErrorClass.OTHER, str(status))
