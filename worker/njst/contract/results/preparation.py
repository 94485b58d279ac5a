"""What the preparation found out about the target and did with the spec, for people."""

from pydantic import Field

from njst.contract.model import Message

MOST_WORDS = 200


class Adjustment(Message):
    """A default that the target does not allow, and what njst took in its place.

    `field` is the field of the workload in the spec: `consume.batch`.
    """

    workload: str
    field: str
    value: str = Field(max_length=MOST_WORDS)
    why: str = Field("", max_length=MOST_WORDS)


class Preparation(Message):
    """What one participant knows after its preparation."""

    adjusted: list[Adjustment] = Field(default_factory=list)
