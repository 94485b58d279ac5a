"""Services: the micro protocol of the NATS clients (ADR-32)."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from njst.contract.fields import Subject
from njst.contract.kinds.kind import Kind, Predicate
from njst.contract.model import Message, Model, Rule

ServiceName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", min_length=1, max_length=64)
]
# As on semver.org.
_PART = r"(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
Version = Annotated[
    str,
    StringConstraints(
        pattern=r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
        rf"(-{_PART}(\.{_PART})*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$",
        min_length=5,
        max_length=64,
    ),
]


class ServiceOperation(StrEnum):
    """Which end of a service a client is."""

    REQUEST = "Request"
    SERVE = "Serve"


class Service(Model):
    """Requests to a service endpoint, or the service itself."""

    operation: ServiceOperation = Field(
        description="Request sends requests to the endpoint of any service. Serve is an instance"
        " of a service for each client: instances share the requests in queue group q, answer"
        " PING, INFO and STATS on $SRV, and count requests, errors and processing time."
    )
    subject: Subject = Field(description="Subject of the endpoint.")
    payload_bytes: int = Field(
        128, ge=0, le=8_388_608, description="Size of each request, or of each answer of Serve."
    )
    window: int = Field(
        1, ge=1, le=10_000, description="Requests that a client may have in flight."
    )
    timeout_seconds: int = Field(
        5,
        ge=1,
        le=300,
        description="A request without an answer after this time is an error. A Serve client"
        " that waits this long for one of its messages gives up.",
    )
    name: ServiceName | None = Field(
        None, description="Name of the service, for discovery. Left out: njst. Serve only."
    )
    version: Version | None = Field(
        None, description="Version of the service (SemVer). Left out: 1.0.0. Serve only."
    )
    error_percent: int = Field(
        0,
        ge=0,
        le=100,
        description="Percentage of requests that an instance answers with a service error, code"
        " 500; to the requester each is a ServiceError. Serve only.",
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="self.operation == 'Serve' ||"
            " (!has(self.name) && !has(self.version) && self.errorPercent == 0)",
            message="name, version and errorPercent need operation Serve",
            holds=lambda self: (
                self.operation is ServiceOperation.SERVE
                or (self.name is None and self.version is None and self.error_percent == 0)
            ),
        ),
    )


class ServicePlan(Message):
    """What a client requests, or which instance of a service it is."""

    operation: ServiceOperation
    subject: str
    payload_bytes: int
    window: int = 1
    timeout_ms: int
    # Of Serve: service, version, the unique id of the instance, the name of its only endpoint.
    name: str = ""
    version: str = ""
    id: str = ""
    endpoint: str = ""
    error_percent: int = 0


SERVICE = Kind(
    name="service",
    spec=Service,
    plan=ServicePlan,
    can_be_paced=Predicate(
        lambda service: service.operation is ServiceOperation.REQUEST,
        "self.service.operation == 'Request'",
    ),
    # Whose requests an instance gets is up to the server: most are of other workers.
    receives=lambda service: service.operation is ServiceOperation.SERVE,
    timeout_ms=lambda plan: plan.timeout_ms,
    message_sizes=lambda service: [("payloadBytes", service.payload_bytes)],
    needs_stream=False,
    workload_rules=(
        Rule(
            cel="!has(self.service) || !has(self.stream)",
            message="a service has no stream",
            holds=lambda workload: workload.service is None or workload.stream is None,
        ),
    ),
)
