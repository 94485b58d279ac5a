"""Which client runs a publish plan."""

from collections.abc import Callable

from njst.contract.kinds.publish import Expect, PublishMode
from njst.contract.plan import ClientPlan
from njst.load.kinds.publish.atomic_batch import AtomicRequests, AtomicWorkload
from njst.load.kinds.publish.expected_sequence import ExpectingRequests
from njst.load.kinds.publish.fast_batch import FastWorkload
from njst.load.kinds.publish.single import DelayedRequests, PublishRequests, window_of
from njst.load.load_client import Workload
from njst.load.protocol.reply_tokens import ReplyTokens, ReusedTokens
from njst.load.recording.producer_receipts import Receipts
from njst.load.recording.recorder import Ledger
from njst.load.recording.shared_records import Shared
from njst.load.requests.client_factory import call_workload
from njst.load.requests.codec import Requests
from njst.load.requests.request_client import CallWorkload


def publish_client(plan: ClientPlan, inbox: str, ledger: Ledger, shared: Shared) -> Workload:
    assert plan.publish is not None
    maker = _PUBLISHERS.get(plan.publish.mode, publish_workload)
    return maker(plan, inbox, ledger, shared.job, shared.receipts_of(plan))


def publish_workload(
    plan: ClientPlan, inbox: str, ledger: Ledger, job: str, receipts: Receipts | None = None
) -> CallWorkload:
    """Return the client of a Synchronous or Asynchronous plan."""
    publish = plan.publish
    assert publish is not None
    tokens = ReusedTokens(window_of(publish)) if publish.reuses_replies else ReplyTokens()
    requests: Requests
    if publish.expect is not Expect.NONE:
        requests = ExpectingRequests(plan, inbox, job, tokens, receipts)
    elif publish.delay_ms:
        requests = DelayedRequests(plan, inbox, job, tokens, receipts)
    else:
        requests = PublishRequests(plan, inbox, job, tokens, receipts)
    return call_workload(plan, inbox, ledger, requests, receipts=receipts)


def atomic_workload(
    plan: ClientPlan, inbox: str, ledger: Ledger, job: str, receipts: Receipts | None = None
) -> CallWorkload:
    """Return the client of an AtomicBatch plan."""
    return AtomicWorkload(plan, inbox, ledger, AtomicRequests(plan, inbox, job, receipts), receipts)


_PUBLISHERS: dict[
    PublishMode, Callable[[ClientPlan, str, Ledger, str, Receipts | None], Workload]
] = {
    PublishMode.ATOMIC_BATCH: atomic_workload,
    PublishMode.FAST_BATCH: FastWorkload,
}
