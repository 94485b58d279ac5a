"""Which client runs a publish plan."""

from collections.abc import Callable

from njst.contract.kinds.publish import Expect, PublishMode
from njst.contract.plan import ClientPlan
from njst.load.kinds.publish.atomic_batch import AtomicBatchCodec
from njst.load.kinds.publish.expected_sequence import ExpectedSequenceCodec
from njst.load.kinds.publish.fast_batch import FastBatchClient
from njst.load.kinds.publish.single import DelayedCodec, PublishCodec, window_of
from njst.load.load_client import LoadClient
from njst.load.protocol.reply_tokens import ReplyTokens, ReusedTokens
from njst.load.recording.producer_receipts import ProducerReceipts
from njst.load.recording.recorder import Recorder
from njst.load.recording.shared_records import SharedRecords
from njst.load.requests.client_factory import request_client
from njst.load.requests.codec import RequestCodec
from njst.load.requests.request_client import RequestClient


def publish_client(
    plan: ClientPlan, inbox: str, recorder: Recorder, shared: SharedRecords
) -> LoadClient:
    assert plan.publish is not None
    maker = _PUBLISHERS.get(plan.publish.mode, single_publish_client)
    return maker(plan, inbox, recorder, shared.job, shared.receipts_of(plan))


def single_publish_client(
    plan: ClientPlan,
    inbox: str,
    recorder: Recorder,
    job: str,
    receipts: ProducerReceipts | None = None,
) -> RequestClient:
    """Return the client of a Synchronous or Asynchronous plan."""
    publish = plan.publish
    assert publish is not None
    tokens = ReusedTokens(window_of(publish)) if publish.reuses_replies else ReplyTokens()
    codec: RequestCodec
    if publish.expect is not Expect.NONE:
        codec = ExpectedSequenceCodec(plan, inbox, job, tokens, receipts)
    elif publish.delay_ms:
        codec = DelayedCodec(plan, inbox, job, tokens, receipts)
    else:
        codec = PublishCodec(plan, inbox, job, tokens, receipts)
    return request_client(plan, inbox, recorder, codec, receipts)


def atomic_batch_client(
    plan: ClientPlan,
    inbox: str,
    recorder: Recorder,
    job: str,
    receipts: ProducerReceipts | None = None,
) -> RequestClient:
    """Return the client of an AtomicBatch plan."""
    codec = AtomicBatchCodec(plan, inbox, job, receipts)
    return request_client(plan, inbox, recorder, codec, receipts)


_PUBLISHERS: dict[
    PublishMode, Callable[[ClientPlan, str, Recorder, str, ProducerReceipts | None], LoadClient]
] = {
    PublishMode.ATOMIC_BATCH: atomic_batch_client,
    PublishMode.FAST_BATCH: FastBatchClient,
}
