"""Old and new njsts share one log during a rollout: what an old one makes of newer events."""

import json

import pytest
from pydantic import ValidationError

from njst.contract.events import (
    EVENT_TYPES,
    Begun,
    Cancelled,
    Cleaned,
    Concluded,
    Created,
    Deleted,
    Done,
    Ended,
    ExperimentCreated,
    Finished,
    Origin,
    OriginKind,
    Payload,
    Ready,
    Refuted,
    Resumed,
    SliceRead,
    Started,
    Suspected,
    Suspended,
    TrialEnded,
)
from njst.contract.parsing.document import parse_spec
from njst.contract.parsing.forward_compat import read_event
from njst.contract.results.outcome import Outcome
from njst.contract.results.readback import Corrupted, SliceResult, StreamReceipts
from njst.contract.results.report import Report, Verdict
from njst.contract.results.tallies import ErrorClass, ErrorTally
from njst.contract.results.trial import TrialJudgement, TrialPlan, TrialResult
from njst.contract.spec.experiment import ExperimentSpec
from njst.contract.spec.threshold import Threshold
from njst.journal.state.projection import LogEntry, apply

SPEC = parse_spec(
    {
        "streams": [{"name": "S"}],
        "workloads": [{"name": "w", "stream": "S", "messages": 9, "publish": {}}],
    }
)
EXPERIMENT = ExperimentSpec(template=SPEC)
TRIAL = TrialResult(
    plan=TrialPlan(number=0), job="x-t0", judgement=TrialJudgement.HELD, reason="Held"
)
MOMENT = "2026-01-01T00:00:00Z"
REPORT = Report.model_validate(
    {
        "verdict": Verdict.VALID,
        "reason": "Completed",
        "createTime": MOMENT,
        "completionTime": MOMENT,
    }
)
EVENTS: list[Payload] = [
    Created(spec=SPEC, participants=["a"], origin=Origin(kind=OriginKind.HTTP)),
    Ready(),
    Started(run=["a"], lead_ms=400),
    Cancelled(reason="Requested"),
    Finished(outcome=Outcome.COMPLETED, receipts=[StreamReceipts(workload="w", stream="S")]),
    SliceRead(slice=1, sight=SliceResult(corrupted=[Corrupted(workload="w", count=1)])),
    Suspected(silent_ms=5),
    Refuted(),
    Ended(report=REPORT),
    Cleaned(),
    Deleted(),
    Done(workloads=["w"]),
    Begun(workloads=["w"], lead_ms=400),
    ExperimentCreated(spec=EXPERIMENT, origin=Origin(kind=OriginKind.HTTP)),
    Suspended(generation=2),
    Resumed(generation=3),
    TrialEnded(result=TRIAL, created_ns=1, ended_ns=2, facts={"njst": "1"}),
    Concluded(outcome="Completed", verdict=Verdict.VALID, reason="Completed"),
]


def newer(event: Payload) -> dict[str, object]:
    document: dict[str, object] = json.loads(event.to_json())
    return {**document, "schemaVersion": 2, "fromTheFuture": {"deep": [1]}}


def test_every_event_is_tried() -> None:
    assert {type(event) for event in EVENTS} == set(EVENT_TYPES.values())


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_newer_event_is_read_without_what_is_new(event: Payload) -> None:
    read = read_event(type(event), json.dumps(newer(event)).encode())
    assert read == event.model_copy(update={"schema_version": 2})


def test_what_is_new_in_a_spec_is_named_so_that_nobody_runs_half_a_job() -> None:
    document = newer(EVENTS[0])
    spec = document["spec"]
    assert isinstance(spec, dict)
    spec["gravity"] = 9
    spec["workloads"][0]["publish"]["colour"] = "blue"
    read = read_event(Created, json.dumps(document).encode())
    assert read.spec == SPEC
    assert read.unknown_fields == ["spec.gravity", "spec.workloads.0.publish.colour"]


def test_a_class_of_a_newer_worker__is_other_and_named_in_the_example() -> None:
    tally = {"workload": "w", "errors": [{"errorClass": "Melted", "count": 3, "operations": 2}]}
    tally["events"] = [{"errorClass": "Moved", "count": 1, "example": "m" * 300}]
    document = {**newer(Finished(outcome=Outcome.COMPLETED)), "workloads": [tally]}
    (read,) = read_event(Finished, json.dumps(document).encode()).workloads
    assert read.errors == [
        ErrorTally(error_class=ErrorClass.OTHER, count=3, operations=2, example="Melted: ")
    ]
    (event,) = read.events
    assert event.error_class is ErrorClass.OTHER
    assert event.example == "Moved: " + "m" * 293
    assert event == ErrorTally.model_validate_json(event.to_json())


def test_what_is_wrong_in_any_version_is_no_event() -> None:
    document = newer(EVENTS[0])
    document["spec"] = {"workloads": [], "gravity": 9}
    with pytest.raises(ValidationError):
        read_event(Created, json.dumps(document).encode())
    with pytest.raises(ValidationError):
        read_event(Started, b"{}")


# What the spec of a job that uses no later field has in the log, since the first version.
FIRST_FIELDS = {
    "spec": "activeDeadlineSeconds,cancel,description,onWorkerLoss,priority,sharing,"
    "startTimeoutSeconds,streams,suspend,target,thresholds,verdictPolicy,workers,workloads",
    "target": "context,name,servers",
}


def test_created_event__without_later_fields__is_read_by_the_first_version() -> None:
    event = Created(spec=SPEC, participants=["a"], origin=Origin(kind=OriginKind.HTTP))
    spec = json.loads(event.to_json())["spec"]
    assert spec.keys() <= set(FIRST_FIELDS["spec"].split(",")), spec.keys()
    assert spec["target"].keys() <= set(FIRST_FIELDS["target"].split(",")), spec["target"]
    assert read_event(Created, event.to_json()) == event


def test_created_event__with_later_fields_set__keeps_them() -> None:
    document = {
        "queueTimeoutSeconds": 60,
        "target": {"servers": ["nats://a:4222"], "discover": False},
        "workloads": [{"name": "w", "core": {"operation": "Publish", "subject": "a"}}],
    }
    document["workloads"][0]["messages"] = 1
    event = Created(
        spec=parse_spec(document), participants=["a"], origin=Origin(kind=OriginKind.HTTP)
    )
    spec = json.loads(event.to_json())["spec"]
    assert (spec["queueTimeoutSeconds"], spec["target"]["discover"]) == (60, False)
    assert read_event(Created, event.to_json()) == event


def test_events_of_an_experiment__projection_of_jobs__has_no_job() -> None:
    """A worker from before experiments reads them so, and does not know the names of two."""
    for number, event in enumerate((EVENTS[-3], None, None, EVENTS[3], EVENTS[10])):
        assert apply(None, LogEntry(1 + number, 1, "x-1", "", event)) is None  # type: ignore[arg-type]


PERCENT = {"metric": "Errors", "relativeTo": "main", "atMostPercent": 5}
RATIO = {"metric": "Errors", "relativeToWorkload": "w", "atLeastPercent": 5, "abort": True}


def test_created_event__thresholds_in_percent__come_back_in_their_order() -> None:
    thresholds = [PERCENT, {"metric": "Messages", "atLeast": 0}, RATIO]
    spec = parse_spec({**json.loads(SPEC.model_dump_json()), "thresholds": thresholds})
    event = Created(spec=spec, participants=["a"], origin=Origin(kind=OriginKind.HTTP))
    assert read_event(Created, event.to_json()) == event


def test_created_event__thresholds_in_percent__have_a_bound_for_older_versions() -> None:
    """An older worker can read what is left without the fields that it does not know."""
    spec = parse_spec({**json.loads(SPEC.model_dump_json()), "thresholds": [PERCENT, RATIO]})
    event = Created(spec=spec, participants=["a"], origin=Origin(kind=OriginKind.HTTP))
    known = {"workload", "metric", "atMost", "atLeast"}
    for threshold in json.loads(event.to_json())["spec"]["thresholds"]:
        left = {name: value for name, value in threshold.items() if name in known}
        assert left == {"metric": "Errors", "atLeast": 0}
        assert Threshold.model_validate_json(json.dumps(left)).at_least == 0
