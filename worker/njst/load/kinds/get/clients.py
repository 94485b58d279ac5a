"""Which client runs a get plan."""

from njst.contract.kinds.get import GetMode
from njst.contract.plan import ClientPlan
from njst.load.kinds.get.batch_get import BatchGetRequests, FilteredBatchRequests, MultiLastRequests
from njst.load.kinds.get.direct_get import _DRAWN, GetRequests, _names
from njst.load.kinds.key_value.clients import _last_of
from njst.load.recording.recorder import Ledger
from njst.load.requests.client_factory import call_workload
from njst.load.requests.request_client import CallWorkload
from njst.load.templates.subjects import draw_many


def get_workload(plan: ClientPlan, inbox: str, ledger: Ledger) -> CallWorkload:
    """Return the client of a get plan."""
    get = plan.get
    assert get is not None
    subject = f"{plan.api_prefix}.DIRECT.GET.{get.stream}"
    if get.mode is GetMode.BATCH:
        kind = FilteredBatchRequests if get.subjects else BatchGetRequests
        pages = kind(get, subject, inbox, plan.messages)
        return CallWorkload(plan, inbox, ledger, pages, pages.forget)
    name = _names(plan, get.subjects or [""], get.subject_count, get.order, get.first)
    if get.mode is GetMode.MULTI_LAST:
        asked = MultiLastRequests(get, subject, inbox, name)
        return CallWorkload(plan, inbox, ledger, asked, asked.forget)
    if get.mode is GetMode.LAST_BY_SUBJECT:
        requests = GetRequests(_last_of(f"{subject}.", name), inbox, get.window)
    else:
        last = max(1, get.last_sequence)
        number = draw_many(get.order, last, _DRAWN, plan.index, get.first)
        where = subject.encode()
        requests = GetRequests(
            lambda n: (where, b'{"seq":%d}' % (number(n) + 1)), inbox, get.window
        )
    return call_workload(plan, inbox, ledger, requests)
