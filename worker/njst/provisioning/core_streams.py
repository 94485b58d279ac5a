"""Streams that capture core NATS messages: the publisher is not told whether they are stored."""

from collections.abc import Sequence

import nats.errors

from njst.contract.kinds.core import CoreOperation
from njst.contract.plan import ClientPlan
from njst.contract.results.readback import StreamReceipts
from njst.contract.results.tallies import WorkloadTally
from njst.provisioning.target.jetstream_api import JetStreamApi
from njst.verification.range_codec import ProducerRanges, encode

# A target may have no JetStream, or none for this login: then the job does not wait for it.
LOOK_S = 2.0


async def with_core_streams(api: JetStreamApi, plans: Sequence[ClientPlan]) -> list[ClientPlan]:
    """Return the plans; those of core publishers name the stream that captures their subject."""
    known: dict[str, tuple[str, int]] = {}
    made = []
    for plan in plans:
        core = plan.core
        if core is not None and core.operation is CoreOperation.PUBLISH:
            if core.subject not in known:
                known[core.subject] = await _stream_of(api, core.subject)
            stream, last = known[core.subject]
            changed = core.model_copy(update={"stream": stream, "last_sequence": last})
            made.append(plan.model_copy(update={"core": changed}))
        else:
            made.append(plan)
    return made


async def _stream_of(api: JetStreamApi, subject: str) -> tuple[str, int]:
    """Return the stream that captures a subject, and its last sequence; no name: there is none."""
    try:
        names = await api.pages("STREAM.NAMES", "streams", {"subject": subject})
        if not names:
            return "", 0
        info = await api.call(f"{api.prefix}.STREAM.INFO.{names[0]}")
        return str(names[0]), int(info["state"]["last_seq"])
    except (nats.errors.Error, TimeoutError, KeyError, ValueError):
        return "", 0


def core_receipts(
    plans: Sequence[ClientPlan], tallies: Sequence[WorkloadTally]
) -> list[StreamReceipts]:
    """Return how many messages were sent of each workload that a stream captures."""
    sent = {tally.workload: tally.messages for tally in tallies}
    told: dict[str, StreamReceipts] = {}
    for plan in plans:
        if plan.core is not None and plan.core.stream and sent.get(plan.workload):
            told[plan.workload] = StreamReceipts(
                workload=plan.workload,
                stream=plan.core.stream,
                after=plan.core.last_sequence,
                producers=encode([ProducerRanges(0, sent[plan.workload], [])]),
                is_core=True,
            )
    return list(told.values())
