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
    """Return the plans; those of core publishers name the streams that capture their subjects."""
    known: dict[str, dict[str, int]] = {}
    made = []
    for plan in plans:
        core = plan.core
        if core is not None and core.operation is CoreOperation.PUBLISH:
            subject = core.subject if core.subject_count == 1 else f"{core.subject}.*"
            if subject not in known:
                known[subject] = await _streams_of(api, subject)
            changed = core.model_copy(update={"captured_by": known[subject]})
            made.append(plan.model_copy(update={"core": changed}))
        else:
            made.append(plan)
    return made


async def _streams_of(api: JetStreamApi, subject: str) -> dict[str, int]:
    """Return the streams that capture a subject, each with its last sequence."""
    try:
        names = await api.pages("STREAM.NAMES", "streams", {"subject": subject})
        return {str(name): await _last_sequence(api, name) for name in names}
    except (nats.errors.Error, TimeoutError, KeyError, ValueError):
        return {}


async def _last_sequence(api: JetStreamApi, stream: str) -> int:
    info = await api.call(f"{api.prefix}.STREAM.INFO.{stream}")
    return int(info["state"]["last_seq"])


def core_receipts(
    plans: Sequence[ClientPlan], tallies: Sequence[WorkloadTally]
) -> list[StreamReceipts]:
    """Return how many messages were sent of each workload that streams capture, by stream."""
    sent = {tally.workload: tally.messages for tally in tallies}
    told: dict[tuple[str, str], StreamReceipts] = {}
    for plan in plans:
        if plan.core is None or not sent.get(plan.workload):
            continue
        for stream, last_sequence in plan.core.captured_by.items():
            told[plan.workload, stream] = StreamReceipts(
                workload=plan.workload,
                stream=stream,
                after=last_sequence,
                producers=encode([ProducerRanges(0, sent[plan.workload], [])]),
                is_core=True,
            )
    return list(told.values())
