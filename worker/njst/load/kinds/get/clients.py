"""Which client runs a get plan."""

from njst.contract.kinds.get import GetMode
from njst.contract.plan import ClientPlan
from njst.load.kinds.get.batch_get import BatchGetCodec, FilteredBatchCodec, MultiLastCodec
from njst.load.kinds.get.direct_get import DirectGetCodec, last_message_requests, subject_names
from njst.load.kinds.get.leader_get import LeaderGetCodec, last_message_codec
from njst.load.recording.recorder import Recorder
from njst.load.recording.shared_records import SharedRecords
from njst.load.requests.client_factory import request_client
from njst.load.requests.request_client import RequestClient
from njst.load.templates.subjects import DRAWN_ROWS, draw_many


def get_client(plan: ClientPlan, inbox: str, recorder: Recorder, _: SharedRecords) -> RequestClient:
    """Return the client of a get plan."""
    get = plan.get
    assert get is not None
    subject = f"{plan.api_prefix}.DIRECT.GET.{get.stream}"
    if get.mode is GetMode.BATCH:
        codec_class = FilteredBatchCodec if get.subjects else BatchGetCodec
        return request_client(
            plan, inbox, recorder, codec_class(get, subject, inbox, plan.messages)
        )
    name = subject_names(plan, get.subjects or [""], get.subject_count, get.order, get.first)
    if get.mode is GetMode.MULTI_LAST:
        return request_client(plan, inbox, recorder, MultiLastCodec(get, subject, inbox, name))
    if get.mode is GetMode.LAST_BY_SUBJECT:
        codec = DirectGetCodec(last_message_requests(f"{subject}.", name), inbox, get.window)
        if get.is_from_leader:
            codec = last_message_codec(name, plan.api_prefix, get.stream, inbox, get.window)
    else:
        if get.is_from_leader:
            subject = f"{plan.api_prefix}.STREAM.MSG.GET.{get.stream}"
        begin = get.first_sequence
        count = max(1, get.last_sequence - begin + 1)
        number = draw_many(get.order, count, DRAWN_ROWS, plan.index, get.first)
        where = subject.encode()
        codec_of = LeaderGetCodec if get.is_from_leader else DirectGetCodec
        codec = codec_of(lambda n: (where, b'{"seq":%d}' % (number(n) + begin)), inbox, get.window)
    return request_client(plan, inbox, recorder, codec)
