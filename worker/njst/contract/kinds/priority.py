"""Which clients of a shared consumer the server prefers (ADR-42)."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from njst.contract.model import Message, Model, Rule


class PriorityPolicy(StrEnum):
    """By what the server prefers some clients to others."""

    OVERFLOW = "Overflow"
    PINNED_CLIENT = "PinnedClient"
    PRIORITIZED = "Prioritized"


class Priority(Model):
    """Which clients of a shared consumer the server prefers."""

    policy: PriorityPolicy = Field(
        description="Overflow: clients that stand by get messages only when minPending or"
        " minAckPending is reached (server 2.11); PinnedClient: one client gets all until it falls"
        " silent (2.11); Prioritized: clients that stand by get what the others do not ask for"
        " (2.12)."
    )
    standby_percent: int = Field(
        50, ge=0, le=100, description="How many of the clients stand by. Not for PinnedClient."
    )
    min_pending: int | None = Field(
        None, ge=1, le=1_000_000_000, description="Overflow: so many messages wait to be delivered."
    )
    min_ack_pending: int | None = Field(
        None, ge=1, le=10_000_000, description="Overflow: so many are delivered and unacknowledged."
    )
    pinned_timeout_seconds: int = Field(
        10,
        ge=1,
        le=3600,
        description="PinnedClient: a client that pulls nothing for so long is unpinned.",
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="(self.policy == 'Overflow') == (has(self.minPending) || has(self.minAckPending))",
            message="policy Overflow needs minPending or minAckPending, and no other has them",
            holds=lambda self: (
                (self.policy is PriorityPolicy.OVERFLOW)
                is (self.min_pending is not None or self.min_ack_pending is not None)
            ),
        ),
    )


class PriorityPlan(Message):
    """How one client asks a consumer that prefers some (ADR-42); 0 leaves a number out."""

    policy: PriorityPolicy
    group: str
    min_pending: int = 0
    min_ack_pending: int = 0
    # 0 is served first.
    level: int = 0
