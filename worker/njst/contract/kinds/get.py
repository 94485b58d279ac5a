"""Read stored messages directly."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from njst.contract.fields import MOST_SUBJECTS, Order, SubjectFilter, has_wildcard
from njst.contract.kinds.kind import V2_11, Kind, Predicate, nothing
from njst.contract.model import Message, Model, Rule


class GetMode(StrEnum):
    """How stored messages are requested, without a consumer."""

    SEQUENCE = "Sequence"
    LAST_BY_SUBJECT = "LastBySubject"
    BATCH = "Batch"
    MULTI_LAST = "MultiLast"


class ReadFrom(StrEnum):
    """Which servers answer."""

    ANY_REPLICA = "AnyReplica"
    LEADER = "Leader"


BY_SUBJECT = (GetMode.LAST_BY_SUBJECT, GetMode.MULTI_LAST)
_MANY = (GetMode.BATCH, GetMode.MULTI_LAST)


class Get(Model):
    """Read stored messages directly, without a consumer."""

    mode: GetMode = Field(
        GetMode.SEQUENCE,
        description="Sequence: one message by its sequence. LastBySubject: the last message of a"
        " subject. Batch: many messages with one request. MultiLast: the last messages of many"
        " subjects, at one point in time.",
    )
    read_from: ReadFrom | None = Field(
        None,
        description="AnyReplica: direct get, which each replica of the stream answers. Leader:"
        " STREAM.MSG.GET, which the leader alone answers; needs mode Sequence or LastBySubject."
        " Left out: AnyReplica if the stream allows direct gets, otherwise Leader.",
    )
    order: Order = Field(
        Order.SEQUENTIAL,
        description="Order in which sequences or subjects are read. Sequential: one after the"
        " other; the clients begin spread evenly over all of them.",
    )
    window: int = Field(
        1, ge=1, le=10_000, description="Requests that a client may have in flight."
    )
    batch: int = Field(
        100,
        ge=1,
        le=1_000,
        description="Messages per Batch request, or subjects per MultiLast request.",
    )
    subjects: list[SubjectFilter] = Field(
        default_factory=list,
        max_length=64,
        description="Subjects of LastBySubject and MultiLast, or the one subject that Batch"
        " pages through. MultiLast and Batch accept wildcards. {index} is replaced by the"
        " stream's number.",
    )
    subject_count: int = Field(
        1,
        ge=1,
        le=MOST_SUBJECTS,
        description="Over 1, each of subjects stands for this many: .0, .1 ... are appended. In"
        " total at most 1,000,000.",
    )
    timeout_seconds: int = Field(
        5, ge=1, le=300, description="A request without an answer after this time is an error."
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="!has(self.readFrom) || self.readFrom != 'Leader' ||"
            " self.mode in ['Sequence', 'LastBySubject']",
            message="readFrom Leader needs mode Sequence or LastBySubject",
            holds=lambda self: self.read_from is not ReadFrom.LEADER or self.mode not in _MANY,
        ),
        Rule(
            cel="!has(self.subjects) || size(self.subjects) * self.subjectCount <= 1000000",
            message="subjects times subjectCount must not exceed 1000000",
            holds=lambda self: len(self.subjects) * self.subject_count <= MOST_SUBJECTS,
        ),
        Rule(
            cel="!(self.mode in ['LastBySubject', 'MultiLast']) ||"
            " (has(self.subjects) && size(self.subjects) > 0)",
            message="modes LastBySubject and MultiLast need subjects",
            holds=lambda self: self.mode not in BY_SUBJECT or bool(self.subjects),
        ),
        Rule(
            cel="(self.mode in ['MultiLast', 'Batch'] && self.subjectCount == 1) ||"
            " !has(self.subjects) ||"
            " !self.subjects.exists(s, s.contains('*') || s.contains('>'))",
            message="wildcards in subjects need mode MultiLast or Batch, without subjectCount",
            holds=lambda self: (
                (self.mode in _MANY and self.subject_count == 1)
                or not any(has_wildcard(subject) for subject in self.subjects)
            ),
        ),
        Rule(
            cel="self.mode != 'Batch' || !has(self.subjects) || size(self.subjects) == 0 ||"
            " (size(self.subjects) == 1 && self.subjectCount == 1 && self.window == 1)",
            message="mode Batch accepts one subject, with window 1: each request begins where"
            " the previous one ended",
            holds=lambda self: (
                self.mode is not GetMode.BATCH
                or not self.subjects
                or (len(self.subjects) == self.subject_count == self.window == 1)
            ),
        ),
    )


class GetPlan(Message):
    """Which stored messages a client reads: a range of sequences, or subjects.

    `is_from_leader`: the leader is asked, not any replica.

    `first_sequence` and `last_sequence` are those of the stream when reading begins. `first` is the
    number, from 0, of the sequence in this range, or of the subject, that a Sequential order begins
    with.
    """

    mode: GetMode
    stream: str
    order: Order = Order.SEQUENTIAL
    window: int = 1
    batch: int = 100
    subjects: list[str] = Field(default_factory=list)
    subject_count: int = 1
    first_sequence: int = 1
    last_sequence: int = 0
    first: int = 0
    is_from_leader: bool = False
    timeout_ms: int


GET = Kind(
    name="get",
    spec=Get,
    plan=GetPlan,
    can_be_paced=Predicate(lambda get: get.mode is not GetMode.BATCH, "self.get.mode != 'Batch'"),
    receives=lambda _: False,
    timeout_ms=lambda plan: plan.timeout_ms,
    message_sizes=nothing,
    reads_directly=lambda get: get.mode in _MANY or get.read_from is ReadFrom.ANY_REPLICA,
    server_features=lambda get: [(f"mode {get.mode}", V2_11)] if get.mode in _MANY else [],
)
