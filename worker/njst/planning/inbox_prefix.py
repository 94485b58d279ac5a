"""API subjects and inboxes as the user of the target's connection may use them."""

from njst.contract.connection import Connection
from njst.contract.names.assets import INBOX
from njst.contract.plan import ClientPlan


def with_prefix(subject: str, connection: Connection) -> str:
    """Return an inbox below the connection's prefix: its user may subscribe to no other."""
    if subject.startswith(f"{INBOX}."):
        return connection.inbox_prefix + subject.removeprefix(INBOX)
    return subject


def for_connection(plan: ClientPlan, connection: Connection) -> ClientPlan:
    """Return a client's plan with the subjects of this connection."""
    consume = plan.consume
    if consume is not None:
        deliver = with_prefix(consume.deliver, connection)
        consume = consume.model_copy(update={"deliver": deliver})
    return plan.model_copy(update={"api_prefix": connection.js_api, "consume": consume})
