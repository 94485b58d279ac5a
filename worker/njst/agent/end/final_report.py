"""The `ended` event: the report, or its summary and where the whole report is stored."""

import logging

from njst.agent.deps import AgentDeps
from njst.agent.end.final_course import final_course
from njst.contract.event_limits import REPORT_BYTES, bounded, fit, without_windows
from njst.contract.events import Ended
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.report_builder import final_report
from njst.journal.state.job_view import JobView

log = logging.getLogger(__name__)

# A report of at most this size is in the log and nowhere else.
WHOLE_BYTES = 32 * 1024
# Of a larger one, which is in the object store, the log has a summary of this size.
REST_BYTES = 256 * 1024
# The size of the event without its report.
AROUND_BYTES = 4096
REASON_CHARS = 200


async def final_report_event(deps: AgentDeps, view: JobView) -> Ended:
    """Return the `ended` event of a settled job.

    If the object store fails, the event has as much of the report as fits, and says what is left
    out.
    """
    course = await final_course(deps, view)
    seen, now_ns = deps.job_store.progress(view.id), deps.time.now_ns()
    report = await deps.run_in_thread(lambda: final_report(view, seen, now_ns))
    report = report.model_copy(update=course._asdict())
    room_bytes = min(REPORT_BYTES, deps.log.max_event_bytes - AROUND_BYTES)
    if len(report.to_json()) <= min(WHOLE_BYTES, room_bytes):
        return Ended(report=report)
    try:
        stored = await deps.reports.put(view.id, bounded(report))
    except JournalUnavailableError as error:
        log.warning("the whole report is not stored: %s", error)
        left = fit(report, room_bytes)
        if left.omitted:
            words = f"{left.omitted}; the whole is not stored: {str(error)[:REASON_CHARS]}"
            left = left.model_copy(update={"omitted": words})
        return Ended(report=left)
    rest = without_windows(report)
    return Ended(report=fit(rest, min(REST_BYTES, room_bytes)), stored=stored)
