"""Which client runs an object-store plan."""

import secrets

from njst.contract.plan import ClientPlan
from njst.load.kinds.object_store.objects import ObjectClient, ObjectCodec
from njst.load.recording.recorder import Recorder


def object_store_client(plan: ClientPlan, inbox: str, recorder: Recorder) -> ObjectClient:
    """Return the client of an object store's plan."""
    return ObjectClient(plan, inbox, recorder, ObjectCodec(plan, inbox, secrets.token_hex(6)))
