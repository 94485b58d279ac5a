"""Takes messages from a consumer, each client exactly its own share.

A pulling client never asks for more than is missing of its share, so no message is delivered to a
client that would not count it. Several pulls may be in flight, so that the server always has one.
"""

from njst.contract.kinds.consume import PUSH_HEARTBEAT_MS
from njst.contract.kinds.consume_settings import AckPolicy
from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.consume.ack_sender import AckSender
from njst.load.kinds.consume.deliveries import Deliveries
from njst.load.kinds.consume.ordered_reset import OrderedReset
from njst.load.kinds.consume.pause_check import PauseCheck
from njst.load.kinds.consume.pulls import Pulls
from njst.load.kinds.final_flush import LATE, UNCONFIRMED, FinalFlush
from njst.load.load_client import LoadClient, StartTime
from njst.load.protocol import encoder, stamp
from njst.load.protocol.jetstream_answers import JetStreamStatus, api_failure, status_of
from njst.load.protocol.parser import Frame, MessageFrame, Pong, ServerError
from njst.load.recording.integrity import ConsumedMessages, IntegrityInspector
from njst.load.recording.recorder import Recorder
from njst.load.requests.permission_errors import is_denied

_SID = 1
_DELIVERY_SID = 2
_CONFIRM_SID = 3
_PAUSE_SID = 4
# A push consumer is gone after this many missing heartbeats.
_MISSED_HEARTBEATS = 3

# After this silence a client asks whether its shared push consumer exists.
_SILENCE_NS = PUSH_HEARTBEAT_MS * 1_000_000
_GONE = (ErrorClass.NO_CONSUMER, ErrorClass.NO_STREAM)


class ConsumeClient(LoadClient):
    """One consuming client."""

    def __init__(
        self, plan: ClientPlan, inbox: str, recorder: Recorder, job: str, consumed: ConsumedMessages
    ) -> None:
        consume = plan.consume
        assert consume is not None
        self.recorder = recorder
        self._plan = plan
        self._consume = consume
        self._confirm = f"{inbox}.a"
        self._pulls = Pulls(plan, inbox, _SID)
        self._replies = AckSender(consume, self._confirm)
        inspector = (
            IntegrityInspector(stamp.job_code(job), recorder, consumed) if consume.verify else None
        )
        self._deliveries = Deliveries(plan, recorder, inspector, self._pulls, self._replies)
        self.gathers = consume.ack is not AckPolicy.NONE
        self._limit = plan.messages
        self._reset = OrderedReset(plan, self._confirm)
        self._pause = PauseCheck(plan, f"{inbox}.p", _PAUSE_SID)
        self._end_ns = 0
        self._now_ns = 0
        self._alive_ns = 0
        self._listens = False
        # Acknowledgements are in flight until the server has answered a PING behind them.
        self._final_flush = FinalFlush()

    @property
    def pings(self) -> int:
        """How many PINGs it has sent."""
        return self._final_flush.pings

    def opening(self) -> bytes:
        """Subscribe; the pulls of an older connection are gone."""
        self._replies.unconfirmed = 0
        self._final_flush.start_again()
        self._pause.on_connect()
        # A push consumer delivers as soon as there is interest: that waits for the start.
        self._listens = False
        out = encoder.sub(self._confirm, _CONFIRM_SID)
        return out if self._consume.deliver else out + self._pulls.opening()

    def start(self, start: StartTime) -> None:
        """Begin."""
        self._deliveries.log_offset_ns = start.log_offset_ns
        self._deliveries.heard_ns = start.at_ns
        duration_ms = self._plan.duration_ms
        self._end_ns = start.at_ns + duration_ms * 1_000_000 if duration_ms is not None else 0

    @property
    def _wanted(self) -> int:
        """How many messages this client would still take."""
        if self._deliveries.is_over:
            return 0
        if self._limit is None:
            return self._consume.pulls * self._consume.batch
        return self._limit - self._deliveries.taken

    def due_ns(self) -> int | None:
        """Return when to check unacknowledged messages; None when the server sets the pace."""
        if not self._consume.slow_percent or self.done:
            return None
        return self._now_ns + self._replies.look_ns

    def next_bytes(self, now_ns: int) -> bytes:
        """Return acknowledgements that are due, then the next pulls, and a final PING."""
        self._now_ns = now_ns
        if self._end_ns and now_ns >= self._end_ns:
            self._deliveries.is_over = True
        if self._deliveries.is_over and self._replies.has_unacknowledged:
            self._replies.finish()
        out = self._replies.next_bytes(now_ns)
        if self._reset.is_wanted and not self._deliveries.is_over:
            return out + self._reset.next_bytes(now_ns, self._deliveries.last_reply)
        wanted = self._wanted
        if wanted <= 0:
            return out if self._replies.has_unacknowledged else out + self._flush(now_ns)
        if not self._consume.deliver:
            out += self._pulls.next_bytes(wanted, now_ns)
        elif not self._listens:
            out += self._listen(now_ns)
        return out + self._ask_for_consumer(now_ns)

    def _listen(self, now_ns: int) -> bytes:
        self._listens = True
        self._alive_ns = now_ns
        return encoder.sub(self._consume.deliver, _DELIVERY_SID, self._consume.deliver_group)

    def _ask_for_consumer(self, now_ns: int) -> bytes:
        """Ask why nothing comes, after a long silence.

        Heartbeats of a shared push consumer go to any one of its clients, and no client is told
        that it was deleted, so each asks again and again.
        """
        if not self._consume.deliver_group:
            heard_ns = self._deliveries.heard_ns
            return self._pause.next_bytes(now_ns, heard_ns, self._reset.consumer)
        if now_ns - self._alive_ns < _SILENCE_NS:
            return b""
        self._alive_ns = now_ns
        asked = f"{self._consume.stream}.{self._consume.consumer}"
        return encoder.pub(f"{self._plan.api_prefix}.CONSUMER.INFO.{asked}", b"", self._confirm)

    def _flush(self, now_ns: int) -> bytes:
        """Unsubscribe, and ask the server to confirm that it has read every acknowledgement.

        The answers to double acknowledgements still come to the inbox.
        """
        ping = self._final_flush.ping(now_ns)
        if not ping:
            return b""
        self._deliveries.settle()
        return encoder.unsub(_DELIVERY_SID) + ping if self._consume.deliver else ping

    def scan(self, data: bytes, now_ns: int) -> int:
        """Take messages, up to anything else."""
        at = self._deliveries.scan(data, now_ns)
        if at:
            self._alive_ns = now_ns
        if at and self._pulls.looks:
            self._pulls.look(data, at)
        return at

    def on_frame(self, frame: Frame, now_ns: int) -> None:
        """Take a message with headers, a status, or what the server says of the connection."""
        if isinstance(frame, Pong):
            self._final_flush.on_pong()
        elif isinstance(frame, ServerError):
            if is_denied(frame.text):
                self._on_denied(frame.text, now_ns)
            else:
                self.recorder.refuse(frame.text)
        elif isinstance(frame, MessageFrame) and frame.sid == _PAUSE_SID:
            self._on_state(frame)
        elif isinstance(frame, MessageFrame):
            self._alive_ns = now_ns
            status = status_of(frame)
            if self._reset.is_wanted and frame.sid == _CONFIRM_SID:
                self._on_answer(frame, now_ns)
            elif status is not None:
                self._on_status(status, frame, now_ns)
            elif frame.sid == _CONFIRM_SID and frame.payload:
                self._on_info(frame, now_ns)
            elif frame.sid == _CONFIRM_SID:
                self._replies.settle_one()
            else:
                self._on_message(frame, now_ns)

    def _on_denied(self, words: str, now_ns: int) -> None:
        if self._pause.takes_denial(words):
            return
        self.recorder.refuse(words)
        if self._pulls.are_denied(words):
            # No message can come.
            self.give_up(ErrorClass.PERMISSION_DENIED, words, now_ns)
        else:
            # A denied acknowledgement will not be confirmed.
            self._replies.settle_one()

    def _on_info(self, frame: MessageFrame, now_ns: int) -> None:
        """Take the state of a shared push consumer; only some errors say that it is gone."""
        self._on_state(frame)
        failure = api_failure(frame)
        if failure is not None and failure.error_class in _GONE:
            self._gone(failure.words, now_ns)

    def _on_state(self, frame: MessageFrame) -> None:
        if self._pause.on_answer(frame):
            self.recorder.event(ErrorClass.CONSUMER_PAUSED, self._pause.words)

    def _on_message(self, frame: MessageFrame, now_ns: int) -> None:
        self._deliveries.take_frame(frame, now_ns)
        if self._pulls.looks:
            self._pulls.look_at(frame)

    def _on_status(self, status: JetStreamStatus, frame: MessageFrame, now_ns: int) -> None:
        """Go on after heartbeats and ends of pulls; the rest is an error, or the end."""
        if self._consume.deliver and status.code == 100:
            # Flow control of a push consumer: the server goes on when it is answered.
            if frame.reply:
                self._replies.flow.append(frame.reply)
            return
        # Answers of a consumer that is gone do not matter.
        if self._reset.is_wanted or self._pulls.on_status(status, frame, now_ns):
            return
        words = str(status)
        if status.code == 503 or "deleted" in status.words.lower():
            self._gone(f"{words}: the consumer is not there", now_ns)
        elif "maxbytes" in status.words.lower():
            words = f"{words}: not one message has room"
            self.give_up(ErrorClass.PAYLOAD_TOO_LARGE, words, now_ns)
        elif "leadership" in status.words.lower():
            self.recorder.event(ErrorClass.LEADER_CHANGED, words)
        elif status.code == 400:
            # The next request would be as bad.
            self.give_up(ErrorClass.OTHER, words, now_ns)
        else:
            self.recorder.add_finding(ErrorClass.OTHER, words)

    def on_time(self, now_ns: int) -> None:
        """End when the duration has passed; give up what does not come."""
        if self._end_ns and now_ns >= self._end_ns:
            self._deliveries.is_over = True
        if not self._deliveries.is_over and not self._reset.is_wanted:
            self._check_silence(now_ns)
        if not self._deliveries.is_over and self._limit is not None:
            self._check_idle(now_ns)
        if self._final_flush.is_late(now_ns) and not self.done:
            unconfirmed = self._replies.unconfirmed
            words = UNCONFIRMED if unconfirmed and self._final_flush.is_over else LATE
            self.recorder.add_finding(ErrorClass.TIMEOUT, words, max(1, unconfirmed))
            self._replies.unconfirmed = 0
            self._final_flush.is_over = True

    def _check_idle(self, now_ns: int) -> None:
        """Give up messages that have not come for too long, and say whether a pause is why."""
        idle_ms, heard_ns = self._consume.idle_timeout_ms, self._deliveries.heard_ns
        if now_ns - heard_ns < idle_ms * 1_000_000 or not self._pause.is_settled(now_ns, heard_ns):
            return
        if self._pause.words:
            self.give_up(ErrorClass.CONSUMER_PAUSED, self._pause.words, now_ns)
        else:
            self.give_up(ErrorClass.STARVED, f"no message came for {idle_ms / 1000:g} s", now_ns)

    def _check_silence(self, now_ns: int) -> None:
        """Notice a consumer that is silent for too long."""
        if self._consume.deliver and self._listens:
            self._check_heartbeats(now_ns)
        elif not self._consume.deliver and self._pulls.are_lost(now_ns):
            self._pulls.give_up()
            self.recorder.event(ErrorClass.PULL_LOST, "neither messages nor an end of a pull came")

    def _check_heartbeats(self, now_ns: int) -> None:
        silence_ms = _MISSED_HEARTBEATS * self._consume.heartbeat_ms
        if silence_ms and now_ns - self._alive_ns >= silence_ms * 1_000_000:
            words = f"no heartbeat came for {silence_ms / 1000:g} s: the consumer is not there"
            self._gone(words, now_ns)

    def _gone(self, words: str, now_ns: int) -> None:
        """Reset an ordered consumer; the end of any other consumer ends this client."""
        if self._reset.is_possible:
            self.recorder.event(ErrorClass.NO_CONSUMER, words)
            self._deliveries.settle()
            self._reset.want(now_ns)
        else:
            self.give_up(ErrorClass.NO_CONSUMER, words, now_ns)

    def _on_answer(self, frame: MessageFrame, now_ns: int) -> None:
        """Go on with the new consumer, which numbers its deliveries from 1."""
        if self._reset.on_answer(frame, now_ns):
            self._deliveries.count_anew()
            self._alive_ns = now_ns
            self._pulls.turn_to(self._reset.consumer)

    def on_disconnect(self, words: str, now_ns: int) -> None:  # noqa: ARG002 - nothing has failed
        """Begin again: deliveries without an acknowledgement come again."""
        self._deliveries.settle()
        self._pulls.asked = 0
        self._listens = False
        self._reset.start_again()
        self._replies.forget()

    def give_up(self, error_class: ErrorClass, words: str, now_ns: int) -> None:
        """Fail the messages that are missing; without a number of them, say that it ended."""
        missing = 0 if self._limit is None else max(0, self._limit - self._deliveries.taken)
        if not self._deliveries.is_over:
            self.recorder.fail_unsent(error_class, words, missing, now_ns)
        self._deliveries.is_over = True

    def abandon(self, now_ns: int) -> None:  # noqa: ARG002 - what was delivered is counted
        """Take nothing more."""
        self._deliveries.is_over = True

    def stop(self) -> None:
        """Ask for nothing more."""
        self._deliveries.is_over = True

    @property
    def done(self) -> bool:
        """Whether this client has its share and the server has every acknowledgement."""
        all_sent = not self._replies.has_unacknowledged and self._replies.unconfirmed == 0
        return self._wanted <= 0 and self._final_flush.is_over and all_sent
