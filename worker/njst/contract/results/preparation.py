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


class TargetSession(Message):
    """To what one participant was connected when it prepared, and as whom; empty: not known.

    `njst_version` is the participant's own, and so are its `cores`: how many of the machine's, and
    the CPU limit. `server`, `server_version`, `cluster` and `domain`
    (of JetStream) are those of INFO; `account` and `user` those of `$SYS.REQ.USER.INFO`, which
    names no secrets: for a user with keys it is the public one, for a token `[REDACTED]`.
    """

    njst_version: str = ""
    cores: str = ""
    server: str = ""
    server_version: str = ""
    cluster: str = ""
    domain: str = ""
    account: str = ""
    user: str = ""


class StreamPlacement(Message):
    """Where a stream was when it was prepared: its leader, and the other servers that have it."""

    stream: str
    cluster: str = ""
    leader: str = ""
    replicas: list[str] = Field(default_factory=list)


class Preparation(Message):
    """What one participant knows after its preparation."""

    adjusted: list[Adjustment] = Field(default_factory=list)
    session: TargetSession | None = None
    streams: list[StreamPlacement] = Field(default_factory=list)


class Environment(Message):
    """What was tested, from where, and as whom: each different value of all participants, sorted.

    Of many values the first ones.
    """

    njst_versions: list[str] = Field(default_factory=list)
    cores: list[str] = Field(default_factory=list)
    servers: list[str] = Field(default_factory=list)
    server_versions: list[str] = Field(default_factory=list)
    clusters: list[str] = Field(default_factory=list)
    domains: list[str] = Field(default_factory=list)
    accounts: list[str] = Field(default_factory=list)
    users: list[str] = Field(default_factory=list)
    streams: list[StreamPlacement] = Field(default_factory=list)
