"""Which clients of a shared consumer the server prefers (ADR-42)."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from njst.contract.model import Message, Model, Rule


class PriorityPolicy(StrEnum):
    """How the server prefers some clients over others."""

    OVERFLOW = "Overflow"
    PINNED_CLIENT = "PinnedClient"
    PRIORITIZED = "Prioritized"


class Priority(Model):
    """Which clients of a shared consumer the server prefers."""

    policy: PriorityPolicy = Field(
        description="Overflow: standby clients get messages only if minPending or minAckPending"
        " is reached (server 2.11). PinnedClient: one client gets all messages until it stops"
        " pulling (2.11). Prioritized: standby clients get what the others do not ask for"
        " (2.12)."
    )
    standby_percent: int = Field(
        50,
        ge=0,
        le=100,
        description="Percentage of the clients that are on standby. Not for PinnedClient.",
    )
    min_pending: int | None = Field(
        None,
        ge=1,
        le=1_000_000_000,
        description="Overflow: number of messages that wait to be delivered.",
    )
    min_ack_pending: int | None = Field(
        None,
        ge=1,
        le=10_000_000,
        description="Overflow: number of messages that are delivered and not acknowledged.",
    )
    pinned_timeout_seconds: int = Field(
        10,
        ge=1,
        le=3600,
        description="PinnedClient: a client that does not pull for this time is unpinned.",
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="(self.policy == 'Overflow') == (has(self.minPending) || has(self.minAckPending))",
            message="policy Overflow needs minPending or minAckPending; the other policies must"
            " not have them",
            holds=lambda self: (
                (self.policy is PriorityPolicy.OVERFLOW)
                is (self.min_pending is not None or self.min_ack_pending is not None)
            ),
        ),
    )


class PriorityPlan(Message):
    """The priority fields of one client's pull requests (ADR-42); 0: the field is left out."""

    policy: PriorityPolicy
    group: str
    min_pending: int = 0
    min_ack_pending: int = 0
    # Clients with level 0 are served first.
    level: int = 0
