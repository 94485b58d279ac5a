"""Resources in every phase, and the health that rollout tools must see in each."""

from dataclasses import dataclass, replace
from typing import Any

from njst.contract.events import Cancelled, Created, Event
from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import Problem
from njst_operator.controllers.job import job_decide as r
from tests.unit.operator.controllers.job import test_job_decide as table
from tests.unit.operator.controllers.job.test_job_decide import NOW, known, resource, written


@dataclass(frozen=True)
class Judged:
    """A resource, and its health according to kstatus (Flux, Helm) and Argo CD."""

    name: str
    body: dict[str, Any]
    kstatus: str
    argocd: str


def _body(status: dict[str, Any], *, generation: int = 3, **meta: Any) -> dict[str, Any]:
    return {
        "apiVersion": "njst.io/v1alpha1",
        "kind": "NjstJob",
        "metadata": {"name": "orders", "namespace": "ns", "generation": generation, **meta},
        "spec": table.SPEC,
        "status": status,
    }


def _after(knowledge: r.ObservedState, **spec: Any) -> dict[str, Any]:
    new = written(r.decide(resource(**spec), knowledge, NOW))
    return new.model_dump(mode="json", by_alias=True, exclude_none=True)


def _failed(policy: str) -> dict[str, Any]:
    """Return the status of a job that exceeded its deadline."""
    created = table.BEGIN[0]
    assert isinstance(created.event, Created)
    spec = parse_spec({**table.SPEC, "verdictPolicy": policy})
    begin = replace(created, event=created.event.model_copy(update={"spec": spec}))
    late: tuple[str, Event] = ("", Cancelled(reason="DeadlineExceeded", message="after 3600 s"))
    return _after(table.finished(begin=[begin, *table.BEGIN[1:]], done=[late, *table.DONE]))


def _restored() -> dict[str, Any]:
    new = written(r.decide(replace(resource(), accepted_uid="old"), r.ObservedState(), NOW))
    return new.model_dump(mode="json", by_alias=True, exclude_none=True)


_SUCCEEDED = _after(table.finished())
_REFUSED = r.ObservedState(
    not_submitted=Problem(reason="NATSUnavailable", message="it does not answer")
)

JUDGED = [
    Judged("made a moment ago", _body({"observedGeneration": -1}), "InProgress", "Progressing"),
    Judged("no NATS", _body(_after(_REFUSED)), "InProgress", "Progressing"),
    Judged("suspended", _body(_after(r.ObservedState(), suspend=True)), "Current", "Suspended"),
    Judged("restored", _body(_restored()), "Current", "Suspended"),
    Judged("preparing", _body(_after(known(begin=table.BEGIN[:1]))), "InProgress", "Progressing"),
    Judged("running", _body(_after(known())), "InProgress", "Progressing"),
    Judged(
        "cancelling",
        _body(_after(known(("", Cancelled(reason="Requested"))))),
        "InProgress",
        "Progressing",
    ),
    Judged("succeeded", _body(_SUCCEEDED), "Current", "Healthy"),
    Judged("failed", _body(_failed("Gate")), "Failed", "Degraded"),
    Judged("failed, only reported", _body(_failed("Report")), "Current", "Healthy"),
    Judged(
        "spec that cannot be read",
        _body(_after(r.ObservedState(), streams=[])),
        "Failed",
        "Degraded",
    ),
    Judged(
        "cancelled at once", _body(_after(r.ObservedState(), cancel=True)), "Failed", "Degraded"
    ),
    Judged("changed since", _body(_SUCCEEDED, generation=4), "InProgress", "Progressing"),
    Judged(
        "being deleted",
        _body(_SUCCEEDED, deletionTimestamp="2026-01-02T03:04:05Z"),
        "Terminating",
        "Healthy",
    ),
]
