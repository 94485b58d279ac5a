"""An ordered consumer that is gone is made again, behind the last message that came.

What every client library does for its ordered consumers (ADR-17): the new one has a name of its
own, since a part of the cluster may still know the old one, and starts at the next sequence of the
stream. The old one's idle time ends it, if it is anywhere.
"""

import json
from typing import Any

from njst.contract.plan import ClientPlan
from njst.load.protocol import encoder
from njst.load.protocol.jetstream_answers import delivery_of
from njst.load.protocol.parser import MessageFrame

# How long an answer is waited for, and how long a refusal is left in peace.
_PAUSE_NS = 250_000_000
_ANSWER_NS = 2_000_000_000


class OrderedReset:
    """One client's."""

    def __init__(self, plan: ClientPlan, inbox: str) -> None:
        """Answers come to `inbox`."""
        consume = plan.consume
        assert consume is not None
        self.consumer = consume.consumer
        # Whether the consumer is gone and another one is not there yet.
        self.is_wanted = False
        self._config: dict[str, Any] = json.loads(consume.again) if consume.again else {}
        self._stream = consume.stream
        self._api = plan.api_prefix
        self._inbox = inbox
        self._count = 0
        self._due_ns = 0

    @property
    def is_possible(self) -> bool:
        """Whether the consumer is one that can be made again."""
        return bool(self._config)

    def want(self, now_ns: int) -> None:
        """Make it as soon as may be."""
        self.is_wanted = True
        self._due_ns = now_ns

    def start_again(self) -> None:
        """Ask again on a new connection: no answer comes to what was asked before."""
        self._due_ns = 0

    def next_bytes(self, now_ns: int, last_reply: bytes) -> bytes:
        """Return the request when it is due.

        `last_reply` is the ACK subject of the last message, or empty.
        """
        if now_ns < self._due_ns:
            return b""
        self._due_ns = now_ns + _ANSWER_NS
        self._count += 1
        name = f"{self._config['durable_name']}-{self._count}"
        config = {key: value for key, value in self._config.items() if key != "durable_name"}
        config["name"] = self.consumer = name
        last = delivery_of(last_reply)
        if last is not None:
            config["deliver_policy"] = "by_start_sequence"
            config["opt_start_seq"] = last.stream_sequence + 1
        body = json.dumps({"stream_name": self._stream, "config": config}).encode()
        subject = f"{self._api}.CONSUMER.CREATE.{self._stream}.{name}"
        return encoder.pub(subject, body, self._inbox)

    def hear(self, answer: MessageFrame, now_ns: int) -> bool:
        """Take the server's answer; return whether the consumer is there."""
        try:
            said = json.loads(answer.payload)
        except ValueError:
            said = {}
        if isinstance(said, dict) and said.get("name") == self.consumer:
            self.is_wanted = False
            return True
        self._due_ns = now_ns + _PAUSE_NS
        return False
