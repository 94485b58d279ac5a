"""Follows one stream in order, without gaps or repetitions, through all connection failures.

It pulls from an ephemeral consumer without acknowledgements. The ordered consumer of nats-py does
not notice a server restart for long, and silently drops messages when its queue overflows. Here
the consumer sequence shows gaps, one outstanding pull bounds the queue, heartbeats show silence.
Every failure has the same remedy: a new consumer from the last sequence + 1.
"""

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamInfo
from nats.js.errors import APIError, NotFoundError

from njst.backoff import Backoff
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.nats.stream_admin import error_text
from njst.login.nats_client import API_TIMEOUT_S, LoginClient

log = logging.getLogger(__name__)

BATCH = 500
EXPIRES_S = 30
HEARTBEAT_S = 2.0
# How often the connection is checked: the longest time between a reconnect and reading on.
WATCH_S = 0.25
# Checks without a message or heartbeat after which the consumer counts as broken. Checks, not
# seconds: a process that was stalled did not listen, and a new consumer would stall it further.
SILENT_LOOKS = int(2.5 * HEARTBEAT_S / WATCH_S)
# Between attempts that fail. Jitter keeps hundreds of readers from asking at the same moment.
BACKOFF = Backoff(first_s=2 * WATCH_S, factor=2.0, ceiling_s=2.0, jitter=0.5)
# An ephemeral consumer outlives a lost reader for this long.
INACTIVE_S = 30.0
FOLLOW_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Delivery:
    """One stored message; `time_ns` is the stream's own timestamp."""

    subject: str
    data: bytes
    seq: int
    time_ns: int


@dataclass(frozen=True)
class AckSubject:
    """The fields of a delivery's reply subject."""

    stream_seq: int
    consumer_seq: int
    time_ns: int
    pending: int


def parse_ack_subject(reply: str) -> AckSubject:
    """Parse `$JS.ACK...`: version 1 (9 tokens) or 2 (11 and more, with domain and account).

    Source: nats-server, consumer.go, ackReplySubject.

    Raises:
        ValueError: it is neither.
    """
    tokens = reply.split(".")
    if tokens[:2] != ["$JS", "ACK"] or (len(tokens) != 9 and len(tokens) < 11):
        raise ValueError(f"not an ACK subject: {reply}")
    at = 4 if len(tokens) == 9 else 6
    _delivered, stream_seq, consumer_seq, time_ns, pending = (int(t) for t in tokens[at : at + 5])
    return AckSubject(stream_seq, consumer_seq, time_ns, pending)


class OrderedReader:
    """Delivers a stream from its beginning to `on_delivery`, in the event loop."""

    def __init__(
        self,
        client: LoginClient,
        stream: str,
        on_delivery: Callable[[Delivery], None],
        recreate_stream: Callable[[], Awaitable[None]],
        subjects: str = "",
    ) -> None:
        """Read the messages of `subjects`; empty: all of the stream."""
        self._client = client
        self._js = client.jetstream(timeout=API_TIMEOUT_S)
        self._stream = stream
        self._on_delivery = on_delivery
        self._recreate_stream = recreate_stream
        self._subjects = subjects
        self._present = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._is_stopped = False
        self._subscription: Subscription | None = None
        self._consumer = ""
        self._broken = True
        self._last_seq = 0
        self._created: datetime | None = None
        self._consumer_seq = 0
        self._left = 0
        self._quiet_looks = 0
        self._reconnects = 0
        # Why the last attempt to read failed; empty if it did not.
        self._last_error = ""

    async def start(self) -> None:
        """Start; return when everything that is stored now has been delivered.

        Raises:
            JournalUnavailableError: that takes too long.
        """
        self._watching = asyncio.create_task(self._watch(), name=f"reader {self._stream}")
        try:
            async with asyncio.timeout(FOLLOW_TIMEOUT_S):
                await self._present.wait()
        except TimeoutError as error:
            await self.stop()
            why = f": {self._last_error}" if self._last_error else ""
            text = f"stream {self._stream} cannot be read{why}"
            raise JournalUnavailableError(text) from error

    async def stop(self) -> None:
        """Stop the delivery."""
        # asyncio.wait_for before Python 3.12 swallows a cancellation that comes with the answer.
        self._is_stopped = True
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching})
        await self._drop_consumer()

    async def _watch(self) -> None:
        """Create a consumer, and a new one whenever the old one is broken."""
        failures = 0
        while not (self._client.is_closed or self._is_stopped):
            if self._client.is_connected and self._is_broken():
                failures = 0 if await self._try_renew() else failures + 1
            random01 = random.random()  # noqa: S311 - jitter, not a secret
            await asyncio.sleep(BACKOFF.pause_s(failures, random01) if failures else WATCH_S)
            self._quiet_looks += 1

    def _is_broken(self) -> bool:
        return (
            self._broken
            or self._client.stats["reconnects"] != self._reconnects
            or self._quiet_looks > SILENT_LOOKS
        )

    async def _try_renew(self) -> bool:
        """Create a new consumer; return whether that worked, and keep the error if not."""
        try:
            await self._renew()
        except (nats.errors.Error, APIError, TimeoutError, JournalUnavailableError) as error:
            self._broken = True
            text = error_text(error)
            if text != self._last_error:
                self._last_error = text
                log.warning("stream %s: %s", self._stream, text)
            return False
        self._last_error = ""
        return True

    async def _renew(self) -> None:
        self._reconnects = self._client.stats["reconnects"]
        await self._drop_consumer()
        try:
            info = await self._js.stream_info(self._stream)
        except NotFoundError:
            log.warning("stream %s was deleted; it is made anew", self._stream)
            await self._recreate_stream()
            self._last_seq = 0
            return
        if self._is_another(info):
            log.warning("stream %s was replaced; it is read from its beginning", self._stream)
            await self._recreate_stream()
            self._last_seq = 0
        self._created = info.created
        inbox = self._client.new_inbox()
        self._subscription = await self._client.subscribe(inbox, cb=self._on_message)
        self._consumer, self._consumer_seq = "", 0
        consumer = await self._js.add_consumer(
            self._stream,
            ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=self._last_seq + 1,
                filter_subject=self._subjects or None,
                ack_policy=AckPolicy.NONE,
                mem_storage=True,
                num_replicas=1,
                inactive_threshold=INACTIVE_S,
            ),
        )
        self._consumer = consumer.name
        self._broken = False
        self._quiet_looks = 0
        if not consumer.num_pending:
            self._present.set()
        await self._pull()

    def _is_another(self, info: StreamInfo) -> bool:
        """Whether the stream was deleted and created again since it was read last."""
        is_younger = self._created is not None and info.created != self._created
        return is_younger or info.state.last_seq < self._last_seq

    async def _drop_consumer(self) -> None:
        """Unsubscribe, so that late messages of the old consumer are not delivered."""
        if self._subscription is not None:
            subscription, self._subscription = self._subscription, None
            try:
                await subscription.unsubscribe()
                if self._client.is_connected and self._consumer:
                    subject = (
                        f"{self._client.js_api}.CONSUMER.DELETE.{self._stream}.{self._consumer}"
                    )
                    await self._client.publish(subject, b"")
            except nats.errors.Error as error:
                log.debug("stream %s: %r", self._stream, error)

    def _api(self, call: str) -> str:
        return f"{self._client.js_api}.{call}.{self._stream}.{self._consumer}"

    async def _pull(self) -> None:
        self._left = BATCH
        request = {
            "batch": BATCH,
            "expires": EXPIRES_S * 1_000_000_000,
            "idle_heartbeat": int(HEARTBEAT_S * 1e9),
        }
        assert self._subscription is not None
        await self._client.publish(
            self._api("CONSUMER.MSG.NEXT"),
            json.dumps(request).encode(),
            reply=self._subscription.subject,
        )

    async def _on_message(self, message: Msg) -> None:
        if self._subscription is None or message.sid != self._subscription._id:  # noqa: SLF001
            return  # a late message of a dropped consumer
        self._quiet_looks = 0
        status = (message.headers or {}).get("Status") if not message.reply else None
        if status is not None:
            await self._on_status(status)
            return
        try:
            at = parse_ack_subject(message.reply)
        except ValueError as error:
            log.warning("stream %s: %s", self._stream, error)
            return
        if at.consumer_seq != self._consumer_seq + 1:
            self._broken = True
            return
        self._consumer_seq = at.consumer_seq
        self._last_seq = at.stream_seq
        self._on_delivery(Delivery(message.subject, message.data, at.stream_seq, at.time_ns))
        if at.pending == 0:
            self._present.set()
        self._left -= 1
        if self._left == 0:
            await self._pull()

    async def _on_status(self, status: str) -> None:
        """100 is a heartbeat, 404 and 408 end a pull, any other status ends the consumer."""
        if status in ("404", "408"):
            await self._pull()
        elif status != "100":
            self._broken = True
