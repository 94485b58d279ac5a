"""Which client runs an object-store plan."""

import secrets

from njst.contract.plan import ClientPlan
from njst.load.kinds.object_store.objects import ObjectCodec
from njst.load.recording.recorder import Recorder
from njst.load.recording.shared_records import SharedRecords
from njst.load.requests.client_factory import request_client
from njst.load.requests.request_client import RequestClient


def object_store_client(
    plan: ClientPlan, inbox: str, recorder: Recorder, _: SharedRecords
) -> RequestClient:
    """Return the client of an object store's plan."""
    codec = ObjectCodec(plan, inbox, secrets.token_hex(6))
    return request_client(plan, inbox, recorder, codec)
