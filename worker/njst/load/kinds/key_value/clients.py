"""Key-value writes (ADR-8): a put is a publish to the key's subject; markers delete and purge."""

from njst.contract.header_names import KV_OPERATION, LAST_SUBJECT_SEQUENCE, ROLLUP
from njst.contract.kinds.key_value import KeyValueOperation, KeyValuePlan
from njst.contract.kinds.publish import PublishMode, PublishPlan
from njst.contract.payload import PayloadPlan
from njst.contract.plan import ClientPlan
from njst.load.kinds.get.direct_get import DirectGetCodec, last_message_requests, subject_names
from njst.load.kinds.get.leader_get import last_message_codec
from njst.load.kinds.key_value.create import CreateCodec
from njst.load.kinds.key_value.update import UpdateCodec
from njst.load.kinds.publish.single import PublishCodec
from njst.load.recording.recorder import Recorder
from njst.load.recording.shared_records import SharedRecords
from njst.load.requests.client_factory import request_client
from njst.load.requests.request_client import RequestClient
from njst.load.templates.subjects import written_key

_OPERATION_HEADERS: dict[KeyValueOperation, list[tuple[str, str]]] = {
    KeyValueOperation.PUT: [],
    # The key must not exist: the first try expects no message on its subject.
    KeyValueOperation.CREATE: [(LAST_SUBJECT_SEQUENCE, "0")],
    KeyValueOperation.DELETE: [(KV_OPERATION, "DEL")],
    KeyValueOperation.PURGE: [(KV_OPERATION, "PURGE"), (ROLLUP, "sub")],
}


def key_value_client(
    plan: ClientPlan, inbox: str, recorder: Recorder, shared: SharedRecords
) -> RequestClient:
    """Return the client of a key-value plan."""
    key_value = plan.key_value
    assert key_value is not None
    if key_value.operation is KeyValueOperation.GET:
        return _get_client(plan, inbox, recorder)
    if key_value.operation is KeyValueOperation.UPDATE:
        return request_client(plan, inbox, recorder, UpdateCodec(plan, inbox, shared.job))
    written = plan.model_copy(update={"publish": _publish(plan.api_prefix, key_value)})
    if key_value.operation is KeyValueOperation.CREATE:
        return request_client(plan, inbox, recorder, CreateCodec(written, inbox, shared.job))
    publishing = written.model_copy(update={"key_value": None})
    return request_client(publishing, inbox, recorder, PublishCodec(publishing, inbox, shared.job))


def _publish(api_prefix: str, key_value: KeyValuePlan) -> PublishPlan:
    has_value = key_value.operation in (KeyValueOperation.PUT, KeyValueOperation.CREATE)
    size = key_value.value_bytes if has_value else 0
    return PublishPlan(
        mode=PublishMode.ASYNCHRONOUS,
        window=key_value.window,
        payload=PayloadPlan(bytes_min=size, bytes_max=size),
        subjects=[written_key(api_prefix, key_value.bucket, key_value.prefix)],
        subject_count=key_value.keys,
        subject_order=key_value.key_order,
        first_subject=key_value.first_key,
        fixed_headers=_OPERATION_HEADERS[key_value.operation],
        ack_timeout_ms=key_value.timeout_ms,
    )


def _get_client(plan: ClientPlan, inbox: str, recorder: Recorder) -> RequestClient:
    """Return the client that gets keys: the last message of each key's subject (ADR-8)."""
    key_value = plan.key_value
    assert key_value is not None
    bucket = key_value.bucket
    stems = [f"$KV.{bucket}.{key_value.prefix}"]
    order, first = key_value.key_order, key_value.first_key
    name = subject_names(plan, stems, key_value.keys, order, first)
    before = f"{plan.api_prefix}.DIRECT.GET.KV_{bucket}."
    codec = DirectGetCodec(last_message_requests(before, name), inbox, key_value.window)
    if key_value.is_from_leader:
        codec = last_message_codec(name, plan.api_prefix, f"KV_{bucket}", inbox, key_value.window)
    return request_client(plan, inbox, recorder, codec)
