"""The pull requests of a consuming client, and how it notices that they are lost.

A pull ends when it has all its messages, or with a status that gives back the rest. Answers come to
an inbox of one generation: when pulls are lost, the client unsubscribes from that inbox, so that a
server that still has them drops them, and begins another generation.
"""

import json

from njst.contract.kinds.consume import ConsumePlan
from njst.contract.kinds.consume_settings import ConsumeMode
from njst.contract.plan import ClientPlan
from njst.contract.priority import PriorityPolicy
from njst.load.protocol import encoder
from njst.load.protocol.jetstream_answers import JetStreamStatus, counted_bytes, pin_of
from njst.load.protocol.parser import MessageFrame

# The server reports an expired pull; this much later the pull counts as lost.
GRACE_NS = 1_000_000_000
_REGULAR = ("batchcompleted", "maxackpending")


class Pulls:
    """The pulls in flight of one client."""

    def __init__(self, plan: ClientPlan, inbox: str, sid: int) -> None:
        consume = plan.consume
        assert consume is not None
        self._plan = consume
        self._inbox = inbox
        self._sid = sid
        self._api = f"{plan.api_prefix}.CONSUMER.MSG.NEXT.{consume.stream}"
        self._subject = f"{self._api}.{consume.consumer}"
        self._request = _request(consume)
        self._at_once = 1 if consume.mode is ConsumeMode.FETCH else consume.pulls
        # One pull: ask again when it is complete. Several: when half of one has come.
        self._low = consume.batch * (self._at_once - 1) - consume.batch // 2
        self._generation = 0
        self._number = 0
        self._last_size = 0
        self._room_bytes = 0
        self._pin = ""
        self._must_renew = False
        self._is_pinned = (
            consume.priority is not None and consume.priority.policy is PriorityPolicy.PINNED_CLIENT
        )
        self._counts_bytes = consume.max_bytes > 0
        # Whether to read pins or sizes from messages.
        self.looks = self._is_pinned or self._counts_bytes
        # Messages that were requested and have not come.
        self.asked = 0
        patience_ms = 2 * consume.heartbeat_ms or consume.expires_ms
        self._patience_ns = patience_ms * 1_000_000 + (0 if consume.heartbeat_ms else GRACE_NS)
        self._heard_ns = 0

    def are_denied(self, words: str) -> bool:
        """Whether the server says that the client may not pull."""
        return f'"{self._subject}"'.lower() in words.lower()

    def opening(self) -> bytes:
        """Subscribe to the answers of a new generation; older pulls are gone."""
        self.asked = 0
        self._must_renew = False
        self._generation += 1
        return encoder.sub(f"{self._inbox}.{self._generation}.*", self._sid)

    def turn_to(self, consumer: str) -> None:
        """Pull from another consumer from now on."""
        self._subject = f"{self._api}.{consumer}"
        self.give_up()

    def give_up(self) -> None:
        """Drop the pulls in flight: neither their messages nor their statuses are wanted."""
        self._must_renew = True

    def took(self, count: int, now_ns: int) -> None:
        """Count messages that came."""
        self.asked = max(0, self.asked - count)
        self._heard_ns = now_ns

    def look(self, data: bytes, end: int) -> None:
        """Read what concerns pulls from the messages of a chunk."""
        if self._is_pinned:
            self._pin = pin_of(data[:end]) or self._pin
        if self._counts_bytes:
            self._spend(counted_bytes(data, end))

    def look_at(self, frame: MessageFrame) -> None:
        """Read what concerns pulls from one message."""
        if self._is_pinned:
            self._pin = pin_of(frame.header) or self._pin
        if self._counts_bytes:
            parts = (frame.subject, frame.reply, frame.header, frame.payload)
            self._spend(sum(map(len, parts)))

    def _spend(self, size_bytes: int) -> None:
        """Subtract from the bytes of the pull; one that has none left ends without a status."""
        self._room_bytes -= size_bytes
        if self._room_bytes <= 0:
            self.asked = 0

    def next_bytes(self, wanted: int, now_ns: int) -> bytes:
        """Return new pulls, for as many messages as are still wanted in all."""
        out = encoder.unsub(self._sid) + self.opening() if self._must_renew else b""
        while self.asked <= max(0, self._low):
            size = min(self._plan.batch, wanted - self.asked)
            if size <= 0:
                break
            if not self.asked:
                self._heard_ns = now_ns
            out += self._pull(size)
        return out

    def _pull(self, size: int) -> bytes:
        self._number += 1
        self.asked += size
        self._last_size = size
        self._room_bytes = self._plan.max_bytes
        request = {"batch": size, **self._request}
        if self._pin:
            request["id"] = self._pin
        reply = f"{self._inbox}.{self._generation}.{self._number}"
        return encoder.pub(self._subject, json.dumps(request).encode(), reply)

    def on_status(self, status: JetStreamStatus, frame: MessageFrame, now_ns: int) -> bool:
        """Take a status; return whether it is a heartbeat or a regular end of a pull."""
        self._heard_ns = now_ns
        if status.code == 100:
            return True
        is_mine = frame.subject.startswith(f"{self._inbox}.{self._generation}.".encode())
        back = status.pending or 0
        if status.code == 423:
            # Another client is pinned now; the status may not say how much it gives back.
            self._pin = ""
            back = self._last_size if status.pending is None else back
        if is_mine:
            self.asked = max(0, self.asked - back)
        words = status.words.lower().replace(" ", "")
        if "leadershipchange" in words:
            self.give_up()
        if "exceedsmaxbytes" in words:
            # Unless not even one message had room.
            return self._last_size != status.pending
        return status.code in (404, 408, 423) or words.endswith(_REGULAR)

    def are_lost(self, now_ns: int) -> bool:
        """Whether pulls are in flight and the server has been silent for too long."""
        return self.asked > 0 and now_ns - self._heard_ns > self._patience_ns


def _request(plan: ConsumePlan) -> dict[str, int | str]:
    """Return the fields of all pulls of a client (JSApiConsumerGetNextRequest)."""
    request: dict[str, int | str] = {"expires": plan.expires_ms * 1_000_000}
    if plan.max_bytes:
        request["max_bytes"] = plan.max_bytes
    if plan.heartbeat_ms:
        request["idle_heartbeat"] = plan.heartbeat_ms * 1_000_000
    priority = plan.priority
    if priority is not None:
        request["group"] = priority.group
        optional = {
            "min_pending": priority.min_pending,
            "min_ack_pending": priority.min_ack_pending,
            "priority": priority.level,
        }
        request |= {name: value for name, value in optional.items() if value}
    return request
