"""Streams that take what is published without JetStream: whether they store it, nobody is told."""

from collections.abc import Sequence

import nats.errors

from njst.contract.kinds.core import CoreOperation
from njst.contract.plan import ClientPlan
from njst.contract.results.readback import StreamReceipts
from njst.contract.results.tallies import WorkloadTally
from njst.provisioning.bulk_assets import JetStreamApi
from njst.verification.range_codec import ProducerRanges, encode

# A target may have no JetStream, or none for this login: then nothing is waited for.
LOOK_S = 2.0


async def with_core_streams(api: JetStreamApi, plans: Sequence[ClientPlan]) -> list[ClientPlan]:
    """Return the clients, core publishers with the stream that takes their subject, if one does."""
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
    """Return a stream that takes a subject and its last sequence; no name when none does."""
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
    """Return, for each workload whose messages a stream takes, how many were sent."""
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
