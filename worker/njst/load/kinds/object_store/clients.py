"""Which client runs an object-store plan."""

import secrets

from njst.contract.plan import ClientPlan
from njst.load.kinds.object_store.objects import ObjectRequests, ObjectWorkload
from njst.load.recording.recorder import Ledger


def object_workload(plan: ClientPlan, inbox: str, ledger: Ledger) -> ObjectWorkload:
    """Return the client of an object store's plan."""
    return ObjectWorkload(plan, inbox, ledger, ObjectRequests(plan, inbox, secrets.token_hex(6)))
