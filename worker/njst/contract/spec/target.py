"""The NATS under test."""

from typing import ClassVar

from pydantic import Field

from njst.contract.fields import ContextName, Server
from njst.contract.model import Model, Rule
from njst.contract.server_urls import APART, of_one_kind


class Target(Model):
    """The NATS under test; by default the one that carries the jobs."""

    context: ContextName | None = Field(
        None,
        description="Name of a NATS context mounted into the workers, in the format of the nats"
        " CLI. This is the only place for credentials: a spec never has them.",
    )
    servers: list[Server] = Field(
        default_factory=list,
        max_length=16,
        description="Servers that need no credentials, as nats://host:port; for websockets all"
        " ws:// or all wss://. A worker refuses servers that are not in its allow-list.",
    )
    discover: bool = Field(
        True,
        description="Whether clients also connect to servers that the cluster announces"
        " (connect_urls). false: only to those of the context or of servers.",
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="!(has(self.context) && has(self.servers) && size(self.servers) > 0)",
            message="context and servers exclude each other: set one of them, or neither",
            holds=lambda self: not (self.context is not None and self.servers),
        ),
        Rule(
            cel="!has(self.servers) || !self.servers.exists(s, s.startsWith('ws'))"
            " || self.servers.all(s, s.startsWith('ws://'))"
            " || self.servers.all(s, s.startsWith('wss://'))",
            message=APART,
            holds=lambda self: of_one_kind(self.servers),
        ),
    )
