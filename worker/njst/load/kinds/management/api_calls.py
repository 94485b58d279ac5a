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

# Rough size of a call on the wire.
_FRAME_BYTES = 400
_CYCLES = (ManagementOperation.CYCLE_STREAM, ManagementOperation.CYCLE_CONSUMER)
_INFO = (ManagementOperation.STREAM_INFO, ManagementOperation.CONSUMER_INFO)
_CREATE = (ManagementOperation.CREATE_STREAM, ManagementOperation.CREATE_CONSUMER)


class ApiCallCodec(RequestCodec):
    """Calls of one operation, each for another stream or consumer.

    Answers are large and few, so the exact parser takes all of them.
    """

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
class _Cycle:
    """The cycle of one stream or consumer, and its next call."""

    asset: int = 0
    step: int = 0


class AssetCycleCodec(RequestCodec):
    """Create, info and delete of one asset after the other, `window` cycles at a time.

    Only assets that this client has created are deleted: after a failed create comes another asset.
    """

    frame_bytes = _FRAME_BYTES

    def __init__(self, management: ManagementPlan, assets: Assets, inbox: str) -> None:
        super().__init__()
        self.window = management.window
        self._inbox = inbox
        self._plan = management
        self._steps = (assets.create, assets.info, assets.delete)
        self._assets = 0
        self._ready = deque(self._renew(_Cycle()) for _ in range(self.window))
        self._busy: dict[int, _Cycle] = {}

    def _renew(self, cycle: _Cycle) -> _Cycle:
        cycle.asset, cycle.step = self._assets, 0
        self._assets += 1
        return cycle

    def encode(self, first: int, count: int, log_ns: int) -> bytes:  # noqa: ARG002
        """Return the next call of `count` cycles; the window has room for no more."""
        out = []
        for number in range(first, first + count):
            cycle = self._busy[number] = self._ready.popleft()
            call = self._steps[cycle.step](created_name(self._plan, cycle.asset))
            out.append(_frame(call, self._inbox, number))
        return b"".join(out)

    def answer(self, number: int, message: MessageFrame) -> int | Failure:
        """Return the size of the answer, or why the call was refused."""
        failure = api_failure(message)
        cycle = self._busy.pop(number, None)
        if cycle is not None:
            cycle.step += 1
            if cycle.step == len(self._steps) or (failure is not None and cycle.step == 1):
                self._renew(cycle)
            self._ready.append(cycle)
        return failure or len(message.payload)

    def forget(self, numbers: Sequence[int]) -> None:
        """Leave assets whose call has no answer to the clean-up."""
        for number in numbers:
            cycle = self._busy.pop(number, None)
            if cycle is not None:
                self._ready.append(self._renew(cycle))


def _frame(call: Call, inbox: str, number: int) -> bytes:
    return encoder.pub(call.subject, call.body, f"{inbox}.{number:0{DIGITS}x}")
