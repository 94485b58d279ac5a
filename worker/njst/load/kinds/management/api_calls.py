"""Calls of JetStream's API: each is one message, from its request to its reply."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from njst.contract.kinds.management import ManagementOperation, ManagementPlan
from njst.load.kinds.management.asset_requests import Assets, Call, created_name, standing_name
from njst.load.protocol import encoder
from njst.load.protocol.digits import DIGITS
from njst.load.protocol.jetstream_answers import Failure, api_failure
from njst.load.protocol.parser import MessageFrame
from njst.load.requests.codec import RequestCodec

# What a call takes on the wire, about.
_FRAME_BYTES = 400
_CYCLES = (ManagementOperation.CYCLE_STREAM, ManagementOperation.CYCLE_CONSUMER)
_INFO = (ManagementOperation.STREAM_INFO, ManagementOperation.CONSUMER_INFO)
_CREATE = (ManagementOperation.CREATE_STREAM, ManagementOperation.CREATE_CONSUMER)


class ApiCallCodec(RequestCodec):
    """Calls of one operation, each for another stream or consumer."""

    frame_bytes = _FRAME_BYTES

    def __init__(self, management: ManagementPlan, assets: Assets, inbox: str) -> None:
        super().__init__()
        self.window = management.window
        self._inbox = inbox
        self._plan = management
        operation = management.operation
        call: Callable[[str], Call] = assets.delete
        if operation in _CREATE:
            call = assets.create
        elif operation in _INFO:
            call = assets.info
        self._call = call
        self._asks = operation in _INFO

    def encode(self, first: int, count: int, log_ns: int) -> bytes:  # noqa: ARG002
        """Return the calls."""
        return b"".join(
            [_frame(self._call(self._name(n)), self._inbox, n) for n in range(first, first + count)]
        )

    def _name(self, number: int) -> str:
        if self._asks:
            return standing_name(self._plan, number % self._plan.assets)
        return created_name(self._plan, number)

    def answer(self, number: int, message: MessageFrame) -> int | Failure:  # noqa: ARG002
        """Return the size of the answer, or why the call was refused."""
        return api_failure(message) or len(message.payload)


@dataclass
class _Lane:
    """One stream or consumer at a time, and the call that comes next for it."""

    asset: int = 0
    step: int = 0


class AssetCycleCodec(RequestCodec):
    """Create, info and delete of one asset after the other, `window` of them side by side.

    Only what this client has made is removed: after a create that failed comes another asset.
    """

    frame_bytes = _FRAME_BYTES

    def __init__(self, management: ManagementPlan, assets: Assets, inbox: str) -> None:
        super().__init__()
        self.window = management.window
        self._inbox = inbox
        self._plan = management
        self._steps = (assets.create, assets.info, assets.delete)
        self._assets = 0
        self._ready = deque(self._renew(_Lane()) for _ in range(self.window))
        self._busy: dict[int, _Lane] = {}

    def _renew(self, lane: _Lane) -> _Lane:
        lane.asset, lane.step = self._assets, 0
        self._assets += 1
        return lane

    def encode(self, first: int, count: int, log_ns: int) -> bytes:  # noqa: ARG002
        """Return the next call of as many lanes; there are as many free as the window has room."""
        out = []
        for number in range(first, first + count):
            lane = self._busy[number] = self._ready.popleft()
            call = self._steps[lane.step](created_name(self._plan, lane.asset))
            out.append(_frame(call, self._inbox, number))
        return b"".join(out)

    def answer(self, number: int, message: MessageFrame) -> int | Failure:
        """Return the size of the answer, or why the call was refused."""
        failure = api_failure(message)
        lane = self._busy.pop(number, None)
        if lane is not None:
            lane.step += 1
            if lane.step == len(self._steps) or (failure is not None and lane.step == 1):
                self._renew(lane)
            self._ready.append(lane)
        return failure or len(message.payload)

    def forget(self, numbers: Sequence[int]) -> None:
        """Leave what has no answer to the clean-up."""
        for number in numbers:
            lane = self._busy.pop(number, None)
            if lane is not None:
                self._ready.append(self._renew(lane))


def _frame(call: Call, inbox: str, number: int) -> bytes:
    return encoder.pub(call.subject, call.body, f"{inbox}.{number:0{DIGITS}x}")
