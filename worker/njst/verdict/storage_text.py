"""What happened to a workload's messages in their stream, in sentences."""

from njst.contract.results.readback import (
    MAX_PER_SUBJECT,
    NO_INTEREST,
    REMOVED_BY_SOMEBODY,
    UNACKNOWLEDGED,
)
from njst.contract.results.report import WorkloadResult


def removed_words(workload: WorkloadResult) -> str:
    """Return what somebody removed while the job ran; empty: nothing."""
    proved = workload.read_back
    if proved is None or not proved.removed:
        return ""
    by = REMOVED_BY_SOMEBODY.intersection(proved.removed_by)
    if not by:
        return ""
    detail = f": {proved.words}" if proved.words else ""
    return (
        f"of {proved.acknowledged} acknowledged messages of {workload.workload} {proved.removed}"
        f" were removed while the job ran ({', '.join(sorted(by))}){detail}"
    )


def kept_words(workload: WorkloadResult) -> str:
    """Return what the stream removed by its limits and retention; empty: nothing.

    A rate of messages that are not kept is not the rate of a store.
    """
    proved = workload.read_back
    if workload.kind == "Publish" and workload.messages and not workload.bytes:
        return f"the messages of {workload.workload} were empty"
    if proved is not None and UNACKNOWLEDGED in proved.reasons and proved.words:
        return f"{workload.workload}: {proved.words}"
    if proved is None or not proved.removed or removed_words(workload):
        return ""
    kept = f"{proved.found} of {proved.acknowledged}" if proved.found else "none"
    why = ", ".join(proved.removed_by)
    if NO_INTEREST in proved.removed_by:
        why = f"{NO_INTEREST}: the stream had no consumer"
    if MAX_PER_SUBJECT in proved.removed_by:
        # Few expect this of discard New.
        why += "; a full subject drops its oldest message unless discardNewPerSubject is set"
    return f"of the messages of {workload.workload} the stream kept {kept} ({why})"
