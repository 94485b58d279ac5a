"""An instance of a service: a replying client that is found, asked and counted as ADR-32 says."""

from datetime import UTC, datetime

from njst.contract.kinds.service import ServicePlan
from njst.contract.plan import ClientPlan
from njst.load.kinds.core.core_subscribe import CoreSubscriber
from njst.load.kinds.service.micro_protocol import (
    ERROR_CODE_HEADER,
    ERROR_HEADER,
    EndpointStats,
    control_answer,
    control_subjects,
)
from njst.load.load_client import StartTime
from njst.load.protocol import encoder
from njst.load.protocol.parser import Frame, MessageFrame
from njst.load.recording.integrity import IntegrityInspector
from njst.load.recording.recorder import Recorder

# The endpoint's subscription is number 1.
_FIRST_CONTROL_SID = 2
ERROR_CODE, ERROR_WORDS = "500", "an error that errorPercent asks for"
_ERROR_BLOCK = (
    f"NATS/1.0\r\n{ERROR_HEADER}: {ERROR_WORDS}\r\n{ERROR_CODE_HEADER}: {ERROR_CODE}\r\n\r\n"
).encode()
_ERROR_TAIL = b" %d %d\r\n%s\r\n" % (len(_ERROR_BLOCK), len(_ERROR_BLOCK), _ERROR_BLOCK)


class ServiceInstance(CoreSubscriber):
    """Answers requests, a share of them with an error, and what is asked on control subjects."""

    def __init__(
        self,
        service: ServicePlan,
        plan: ClientPlan,
        recorder: Recorder,
        inspector: IntegrityInspector,
        job: str,
    ) -> None:
        super().__init__(plan, recorder, inspector)
        self.stats = EndpointStats()
        self._service = service
        self._job = job
        self._control_answers: list[bytes] = []
        # When the requests arrived that have no answer yet, in ns, added up.
        self._arrived_ns = 0
        self._started = datetime.fromtimestamp(0, UTC)

    def opening(self) -> bytes:
        """Subscribe to the endpoint, and to the control subjects, which are not shared."""
        subjects = control_subjects(self._service)
        controls = [encoder.sub(s, _FIRST_CONTROL_SID + n) for n, s in enumerate(subjects)]
        return super().opening() + b"".join(controls)

    def start(self, start: StartTime) -> None:
        """Begin."""
        super().start(start)
        since_epoch_s = (start.at_ns + start.log_offset_ns) // 1_000_000 / 1000
        self._started = datetime.fromtimestamp(since_epoch_s, UTC)

    def scan(self, data: bytes, now_ns: int) -> int:
        """Take requests as long as they are plain ones."""
        waiting = len(self._replies)
        taken = super().scan(data, now_ns)
        self._note_arrived(len(self._replies) - waiting, now_ns)
        return taken

    def on_frame(self, frame: Frame, now_ns: int) -> None:
        """Take a request with headers, one on a control subject, or an error."""
        if isinstance(frame, MessageFrame) and frame.sid >= _FIRST_CONTROL_SID:
            self._take_control(frame)
            return
        waiting = len(self._replies)
        super().on_frame(frame, now_ns)
        self._note_arrived(len(self._replies) - waiting, now_ns)

    def _note_arrived(self, count: int, now_ns: int) -> None:
        self.stats.requests += count
        self._arrived_ns += count * now_ns

    def _take_control(self, request: MessageFrame) -> None:
        if request.reply:
            verb = request.subject.split(b".")[1].decode()
            body = control_answer(self._service, verb, self.stats, self._started, self._job)
            self._control_answers.append(encoder.pub(request.reply.decode(), body))

    def next_bytes(self, now_ns: int) -> bytes:
        """Return what was asked on control subjects, then the answers that are due."""
        controls = b"".join(self._control_answers)
        self._control_answers.clear()
        return controls + super().next_bytes(now_ns)

    def _answers(self, replies: list[bytes], now_ns: int) -> bytes:
        self.stats.processing_ns += len(replies) * now_ns - self._arrived_ns
        self._arrived_ns = 0
        share = self._service.error_percent
        if not share:
            return super()._answers(replies, now_ns)
        # Request n is answered with an error where the share of the first n grows by one.
        first = self.stats.requests - len(replies)
        out = []
        for number, reply in enumerate(replies, first):
            if (number + 1) * share // 100 > number * share // 100:
                self.stats.errors += 1
                self.stats.last_error = f"{ERROR_CODE}: {ERROR_WORDS}"
                out.append(b"HPUB %s%s" % (reply, _ERROR_TAIL))
            else:
                out.append(super()._answers([reply], now_ns))
        return b"".join(out)

    def on_disconnect(self, words: str, now_ns: int) -> None:
        """Drop the answers that were due: nobody waits for them on a new connection."""
        super().on_disconnect(words, now_ns)
        self._control_answers.clear()
        self._arrived_ns = 0
