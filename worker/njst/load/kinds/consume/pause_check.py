"""Finds out whether a silent consumer is paused (ADR-26), so that its silence is no fault.

A client asks for the consumer's state once when messages have not come for some seconds, and once
more before it gives up.
"""

import json
from typing import Any

from njst.contract.plan import ClientPlan
from njst.load.protocol import encoder
from njst.load.protocol.jetstream_answers import BAD_ANSWERS
from njst.load.protocol.parser import MessageFrame

# Silence before a client asks.
_SILENCE_NS = 5_000_000_000
# How long an answer may take. A target that answers nothing is no reason to wait longer.
_ANSWER_NS = 2_000_000_000


class PauseCheck:
    """The questions of one client."""

    def __init__(self, plan: ClientPlan, inbox: str, sid: int) -> None:
        consume = plan.consume
        assert consume is not None
        self._stream = consume.stream
        self._api = f"{plan.api_prefix}.CONSUMER.INFO.{consume.stream}"
        self._inbox = inbox
        self._sid = sid
        self._idle_ns = consume.idle_timeout_ms * 1_000_000
        self._subject = ""
        self._is_subscribed = False
        # When the silence began that the fields below are about.
        self._since_ns = 0
        self._asked = 0
        self._is_answered = False
        # Until when the consumer is paused, in words; empty: it was not paused when it was asked.
        self.words = ""

    def on_connect(self) -> None:
        """Ask again on a new connection: no answer comes to an older request."""
        self._is_subscribed = False
        self._asked = 0

    def next_bytes(self, now_ns: int, heard_ns: int, consumer: str) -> bytes:
        """Return the request when it is due.

        Args:
            now_ns: now.
            heard_ns: when the last message came.
            consumer: the client's consumer.
        """
        if now_ns - heard_ns < min(_SILENCE_NS, self._idle_ns):
            return b""
        if heard_ns != self._since_ns:
            self._since_ns, self._asked, self._is_answered, self.words = heard_ns, 0, False, ""
        due = 2 if now_ns - heard_ns >= self._idle_ns else 1
        if self._asked >= due:
            return b""
        self._asked = due
        self._is_answered = False
        self._subject = f"{self._api}.{consumer}"
        out = b"" if self._is_subscribed else encoder.sub(self._inbox, self._sid)
        self._is_subscribed = True
        return out + encoder.pub(self._subject, b"", self._inbox)

    def on_answer(self, frame: MessageFrame) -> bool:
        """Take the consumer's state; return whether this is the first news that it is paused."""
        self._is_answered = True
        was_paused = bool(self.words)
        try:
            self.words = _paused(self._stream, json.loads(frame.payload))
        except BAD_ANSWERS:
            self.words = ""
        return bool(self.words) and not was_paused

    def takes_denial(self, words: str) -> bool:
        """Return whether the server says that the client may not ask: then nothing is known."""
        if not self._subject or f'"{self._subject}"'.lower() not in words.lower():
            return False
        self._is_answered = True
        return True

    def is_settled(self, now_ns: int, heard_ns: int) -> bool:
        """Whether it is known, as far as it ever will be, why a silence has lasted so long."""
        is_known = heard_ns == self._since_ns and self._asked > 1 and self._is_answered
        return is_known or now_ns - heard_ns >= self._idle_ns + _ANSWER_NS


def _paused(stream: str, info: dict[str, Any]) -> str:
    """Return until when a consumer is paused, from the answer to CONSUMER.INFO."""
    if not info.get("paused"):
        return ""
    until = info["config"].get("pause_until") or "an unknown time"
    return f"consumer {info['name']} of {stream} is paused until {until}"
