"""Re-creates an ordered consumer behind the last message that came (ADR-17).

As client libraries do: the new consumer has a name of its own, since a part of the cluster may
still know the old one, and starts at the next sequence of the stream. The inactive threshold
removes the old one, if it still exists.
"""

import json
from typing import Any

from njst.contract.plan import ClientPlan
from njst.load.protocol import encoder
from njst.load.protocol.jetstream_answers import delivery_of
from njst.load.protocol.parser import MessageFrame

# Pause after a refusal, and the time-out of an answer.
_PAUSE_NS = 250_000_000
_ANSWER_NS = 2_000_000_000


class OrderedReset:
    """The resets of one client's consumer."""

    def __init__(self, plan: ClientPlan, inbox: str) -> None:
        """Answers come to `inbox`."""
        consume = plan.consume
        assert consume is not None
        self.consumer = consume.consumer
        # Whether the consumer is gone and has not been re-created yet.
        self.is_wanted = False
        self._config: dict[str, Any] = json.loads(consume.again) if consume.again else {}
        self._stream = consume.stream
        self._api = plan.api_prefix
        self._inbox = inbox
        self._count = 0
        self._due_ns = 0

    @property
    def is_possible(self) -> bool:
        """Whether the consumer is an ordered one, which can be re-created."""
        return bool(self._config)

    def want(self, now_ns: int) -> None:
        """Re-create it as soon as possible."""
        self.is_wanted = True
        self._due_ns = now_ns

    def start_again(self) -> None:
        """Ask again on a new connection: no answer comes to an older request."""
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

    def on_answer(self, answer: MessageFrame, now_ns: int) -> bool:
        """Take the server's answer; return whether the consumer was created."""
        try:
            document = json.loads(answer.payload)
        except ValueError:
            document = {}
        if isinstance(document, dict) and document.get("name") == self.consumer:
            self.is_wanted = False
            return True
        self._due_ns = now_ns + _PAUSE_NS
        return False
