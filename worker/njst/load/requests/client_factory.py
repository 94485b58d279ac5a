"""Which client makes some requests: with a fast path where one fits."""

from collections.abc import Callable, Sequence

from njst.contract.plan import ClientPlan
from njst.load.recording.producer_receipts import ProducerReceipts
from njst.load.recording.recorder import Recorder
from njst.load.requests.codec import RequestCodec
from njst.load.requests.fastpath.closed_loop import ClosedLoopClient
from njst.load.requests.fastpath.prebuilt import PreparingCodec
from njst.load.requests.request_client import RequestClient


def request_client(
    plan: ClientPlan,
    inbox: str,
    recorder: Recorder,
    requests: RequestCodec,
    lost: Callable[[Sequence[int]], None] | None = None,
    receipts: ProducerReceipts | None = None,
) -> RequestClient:
    """Return the client that makes these requests, in turns where that is all there can be."""
    is_single = requests.window == requests.weight == 1
    if lost is None and plan.pace is None and is_single and isinstance(requests, PreparingCodec):
        return ClosedLoopClient(plan, inbox, recorder, requests, requests.ready, receipts)
    return RequestClient(plan, inbox, recorder, requests, lost, receipts)
