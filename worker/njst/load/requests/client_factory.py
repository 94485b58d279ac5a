"""Opens request clients: with a fast path where one fits."""

from njst.contract.plan import ClientPlan
from njst.load.recording.producer_receipts import ProducerReceipts
from njst.load.recording.recorder import Recorder
from njst.load.requests.codec import RequestCodec
from njst.load.requests.fastpath.closed_loop import ClosedLoop
from njst.load.requests.outcomes import Outcomes
from njst.load.requests.request_client import RequestClient


def request_client(
    plan: ClientPlan,
    inbox: str,
    recorder: Recorder,
    codec: RequestCodec,
    receipts: ProducerReceipts | None = None,
) -> RequestClient:
    """Return the client that makes these requests; one at a time in a closed loop."""
    outcomes = Outcomes(plan, recorder, codec.weight, receipts)
    is_closed_loop = plan.pace is None and codec.window == codec.weight == 1
    has_fast_path = is_closed_loop and codec.can_prebuild
    fast_path = ClosedLoop(plan, inbox, codec, outcomes) if has_fast_path else None
    return RequestClient(plan, inbox, codec, outcomes, fast_path)
