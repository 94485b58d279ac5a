"""Requests that take several steps: what follows an answer goes before the next request."""

from collections.abc import Sequence
from typing import Protocol

from njst.contract.plan import ClientPlan
from njst.load.recording.recorder import Recorder
from njst.load.requests.codec import RequestCodec
from njst.load.requests.request_client import RequestClient


class StepCodec(RequestCodec, Protocol):
    """Requests, some of whose answers bring about something else to send."""

    def more(self, log_ns: int) -> bytes:
        """Return what is to be sent next for the requests under way."""
        ...

    def forget(self, numbers: Sequence[int]) -> None:
        """Let go of requests that will have no answer."""
        ...


class StepClient(RequestClient):
    """One client whose requests take several steps."""

    def __init__(
        self, plan: ClientPlan, inbox: str, recorder: Recorder, requests: StepCodec
    ) -> None:
        super().__init__(plan, inbox, recorder, requests, requests.forget)
        self._more = requests.more

    def next_bytes(self, now_ns: int) -> bytes:
        """Return what is under way, then new requests."""
        return self._more(now_ns + self._start.log_offset_ns) or super().next_bytes(now_ns)
