"""Which client makes some requests: with a fast path where one fits."""

from collections.abc import Callable, Sequence

from njst.contract.plan import ClientPlan
from njst.load.recording.producer_receipts import Receipts
from njst.load.recording.recorder import Ledger
from njst.load.requests.codec import Requests
from njst.load.requests.fastpath.closed_loop import TurnWorkload
from njst.load.requests.fastpath.prebuilt import Preparing
from njst.load.requests.request_client import CallWorkload


def call_workload(
    plan: ClientPlan,
    inbox: str,
    ledger: Ledger,
    requests: Requests,
    lost: Callable[[Sequence[int]], None] | None = None,
    receipts: Receipts | None = None,
) -> CallWorkload:
    """Return the client that makes these requests, in turns where that is all there can be."""
    is_single = requests.window == requests.weight == 1
    if lost is None and plan.pace is None and is_single and isinstance(requests, Preparing):
        return TurnWorkload(plan, inbox, ledger, requests, requests.ready, receipts)
    return CallWorkload(plan, inbox, ledger, requests, lost, receipts)
