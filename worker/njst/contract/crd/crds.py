"""The CustomResourceDefinitions: `python -m njst.contract.crd.crds FOLDER` writes them.

A test makes them anew and compares them with `crds/`.
"""

import sys
from pathlib import Path
from typing import Any

import yaml

from njst.contract.crd.structural_schema import list_map, opaque, structural, without_defaults
from njst.contract.names.kubernetes import (
    API_VERSION,
    EXPERIMENT_KIND,
    EXPERIMENT_PLURAL,
    GROUP,
    KIND,
    PLURAL,
    SCHEDULE_KIND,
    SCHEDULE_PLURAL,
    VERSION,
)
from njst.contract.results.experiments.experiment_status import ExperimentStatus
from njst.contract.results.job_status import JobStatus
from njst.contract.results.schedule_status import ScheduleStatus
from njst.contract.spec.experiment import ExperimentSpec
from njst.contract.spec.job import JobSpec
from njst.contract.spec.schedule import MAX_NAME, NAME_TOO_LONG, ScheduleSpec

# Fields that may change at any time. The rest of a spec says what was measured, so it is fixed.
MUTABLE = (
    "suspend",
    "cancel",
    "ttlSecondsAfterFinished",
    "skipIfRanWithinSeconds",
    "description",
)
EXPERIMENT_MUTABLE = ("suspend", "cancel", "ttlSecondsAfterFinished", "description")
# Fields that may change until the job has been accepted.
MUTABLE_BEFORE = ("priority",)

# The status until an operator has written one.
_UNSEEN = {
    "reason": "NotTaken",
    "message": "no operator has seen this resource yet: an operator must watch this namespace, and"
    " its mesh must be that of the spec, or the default one if the spec names none",
}

Column = tuple[str, str, str, int, str]

_JOB_COLUMNS: tuple[Column, ...] = (
    ("Status", "string", ".status.phase", 0, "State of the job in one word."),
    (
        "Workers",
        "string",
        ".status.workers.summary",
        0,
        "Workers that are ready or further, of all.",
    ),
    ("Msgs/s", "integer", ".status.messagesPerSecond", 0, "Sum over all workloads."),
    (
        "P99(us)",
        "integer",
        ".status.p99Microseconds",
        0,
        "Highest 99th percentile of all workloads.",
    ),
    ("Errors", "integer", ".status.errorCount", 0, "Errors of all workloads."),
    ("Verdict", "string", ".status.verdict", 0, "Valid, Invalid or Unknown."),
    (
        "Limited",
        "boolean",
        ".status.testerLimited",
        0,
        "True: the load tester was the bottleneck, not the target.",
    ),
    ("Age", "date", ".metadata.creationTimestamp", 0, ""),
    ("Target", "string", ".status.target", 1, "The NATS under test."),
    ("Bytes/s", "integer", ".status.bytesPerSecond", 1, "Sum over all workloads."),
    ("Duration", "string", ".status.duration", 1, "How long the load ran, or has been running."),
    ("Reason", "string", ".status.reason", 1, "Why the job is in this phase."),
)


_SCHEDULE_COLUMNS: tuple[Column, ...] = (
    ("Schedule", "string", ".spec.schedule", 0, "When a job or experiment is created."),
    ("Timezone", "string", ".spec.timeZone", 0, "Time zone of the schedule."),
    ("Suspend", "boolean", ".spec.suspend", 0, "True: nothing is created."),
    ("Active", "integer", ".status.activeCount", 0, "Jobs or experiments that have not ended."),
    ("Last Schedule", "date", ".status.lastScheduleTime", 0, "Schedule time of the last one."),
    ("Reason", "string", ".status.reason", 0, "State of the schedule in one word."),
    ("Age", "date", ".metadata.creationTimestamp", 0, ""),
    ("Next", "string", ".status.nextScheduleTime", 1, "Schedule time of the next one."),
    ("Message", "string", ".status.message", 1, "State of the schedule in a sentence."),
)

_EXPERIMENT_COLUMNS: tuple[Column, ...] = (
    ("Status", "string", ".status.phase", 0, "State of the experiment in one word."),
    ("Trials", "string", ".status.trialSummary", 0, "Trials that have ended, of all."),
    (
        "Best",
        "integer",
        ".status.bestMessagesPerSecond",
        0,
        "Highest sustained rate of a search, in messages per second.",
    ),
    ("Verdict", "string", ".status.verdict", 0, "Valid, Invalid or Unknown."),
    ("Age", "date", ".metadata.creationTimestamp", 0, ""),
    ("Target", "string", ".status.target", 1, "The NATS under test."),
    ("Points", "integer", ".status.pointCount", 1, "Combinations of the factors' values."),
    ("Running", "string", ".status.runningJob", 1, "Job of the trial that runs."),
    ("Duration", "string", ".status.duration", 1, "How long the experiment took."),
    ("Reason", "string", ".status.reason", 1, "Why the experiment is in this phase."),
)


def crds() -> dict[str, dict[str, Any]]:
    """Return each CustomResourceDefinition by its file name."""
    kinds = (
        _crd(
            (KIND, PLURAL, "nj"),
            _JOB_COLUMNS,
            [".spec.suspend", ".status.phase"],
            _job_root(),
        ),
        _crd(
            (SCHEDULE_KIND, SCHEDULE_PLURAL, "njs"),
            _SCHEDULE_COLUMNS,
            [".spec.suspend"],
            _schedule_root(),
        ),
        _crd(
            (EXPERIMENT_KIND, EXPERIMENT_PLURAL, "nje"),
            _EXPERIMENT_COLUMNS,
            [".spec.suspend", ".status.phase"],
            _experiment_root(),
        ),
    )
    return {f"{GROUP}_{kind['spec']['names']['plural']}.yaml": kind for kind in kinds}


def to_yaml(crd: dict[str, Any]) -> str:
    """Return a CustomResourceDefinition as the text of `crds/`."""
    head = "# Made by `make crds` from worker/njst/contract; a test fails when they differ.\n"
    return head + yaml.safe_dump(crd, sort_keys=False, width=100)


def _crd(
    names: tuple[str, str, str],
    columns: tuple[Column, ...],
    selectable: list[str],
    root: dict[str, Any],
) -> dict[str, Any]:
    kind, plural, short = names
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": [short],
                "categories": ["nats"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [_column(*column) for column in columns],
                    "selectableFields": [{"jsonPath": path} for path in selectable],
                    "schema": {"openAPIV3Schema": root},
                }
            ],
        },
    }


def _column(name: str, kind: str, path: str, priority: int, description: str) -> dict[str, Any]:
    column: dict[str, Any] = {"name": name, "type": kind, "jsonPath": path}
    if priority:
        column["priority"] = priority
    if description:
        column["description"] = description
    return column


def _job_root() -> dict[str, Any]:
    spec = _job_spec(structural(JobSpec))
    spec["x-kubernetes-validations"] += _transitions(spec, "a job", MUTABLE, MUTABLE_BEFORE)
    words = f"A load test of NATS JetStream, run by all workers ({API_VERSION})."
    status = _status(structural(JobStatus), {"phase": "Pending", **_UNSEEN})
    root = _root(words, spec, status)
    return {**root, "x-kubernetes-validations": [_until_accepted(name) for name in MUTABLE_BEFORE]}


def _job_spec(spec: dict[str, Any]) -> dict[str, Any]:
    fields = spec["properties"]
    for name, field in fields.items():
        fields[name] = _without_stored_defaults(field)
    for owner in (spec, fields["streams"]["items"], fields["workloads"]["items"]):
        for field in owner["properties"].values():
            if "properties" in field:
                field["x-kubernetes-map-type"] = "atomic"
    fields["streams"] |= list_map("name")
    fields["workloads"] |= list_map("name")
    return spec


def _without_stored_defaults(field: dict[str, Any]) -> dict[str, Any]:
    """Return a field of a job's spec, without the defaults of its parts.

    njst adds them when it reads a spec. If the API server stored them beside what a user wrote,
    kubectl would find a list changed at each `apply` of the same file, and an object such as
    `publish: {}` would own nothing but defaults: a server-side apply after a client-side one would
    remove them and leave null. For the same reason such objects are atomic: one writer owns the
    whole `publish`.
    """
    return without_defaults(field) if field["type"] in ("array", "object") else field


def _schedule_root() -> dict[str, Any]:
    spec = structural(ScheduleSpec)
    _job_spec(spec["properties"]["jobTemplate"]["properties"]["spec"])
    template = spec["properties"]["experimentTemplate"]["properties"]
    template["spec"] = opaque(template["spec"])
    words = (
        "Creates an NjstJob or an NjstExperiment on a schedule, as a CronJob creates Jobs"
        f" ({API_VERSION})."
    )
    root = _root(words, spec, _status(structural(ScheduleStatus), _UNSEEN))
    rule = {
        "rule": f"size(self.metadata.name) <= {MAX_NAME}",
        "message": f"metadata.name {NAME_TOO_LONG}",
    }
    return {**root, "x-kubernetes-validations": [rule]}


def _experiment_root() -> dict[str, Any]:
    spec = structural(ExperimentSpec)
    fields = spec["properties"]
    for name, field in fields.items():
        if name != "template":
            fields[name] = _without_stored_defaults(field)
    _job_spec(fields["template"])
    fields["factors"] |= list_map("name")
    spec["x-kubernetes-validations"] += _transitions(spec, "an experiment", EXPERIMENT_MUTABLE)
    words = f"Trials of a load test: a grid, a comparison or a search ({API_VERSION})."
    return _root(
        words, spec, _status(structural(ExperimentStatus), {"phase": "Pending", **_UNSEEN})
    )


def _status(status: dict[str, Any], unseen: dict[str, str]) -> dict[str, Any]:
    """Return the schema of a status; `unseen` is its content until an operator writes one."""
    status = without_defaults(status)
    # Until an operator has seen the resource, kstatus reports it as in progress.
    status["default"] = {"observedGeneration": -1, **unseen}
    # A patch tests the revision, so it must exist.
    status["properties"]["revision"]["default"] = 0
    status["properties"]["conditions"] |= list_map("type")
    return status


def _root(description: str, spec: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": spec,
            "status": status,
        },
    }


def _transitions(
    spec: dict[str, Any], noun: str, mutable: tuple[str, ...], before: tuple[str, ...] = ()
) -> list[dict[str, str]]:
    """Return the rules of an update: what was submitted cannot become another job."""
    fixed = [name for name in spec["properties"] if name not in (*mutable, *before)]
    same = " && ".join(
        f"has(self.{name}) == has(oldSelf.{name}) &&"
        f" (!has(self.{name}) || self.{name} == oldSelf.{name})"
        for name in fixed
    )
    return [
        {
            "rule": same,
            "message": f"{noun} cannot be changed but for {', '.join(mutable[:-1])} and"
            f" {mutable[-1]}: apply it under another name, or delete it first",
        },
    ]


def _until_accepted(name: str) -> dict[str, str]:
    """Return the rule of a field that may be changed until the job is in the job log."""
    return {
        "rule": f"self.spec.{name} == oldSelf.spec.{name} || !has(oldSelf.status) ||"
        " !has(oldSelf.status.jobId) || oldSelf.status.jobId == ''",
        "message": f"{name} cannot be changed any more: the job has been accepted",
        "fieldPath": f".spec.{name}",
    }


def main() -> None:
    """Write the files."""
    for name, crd in crds().items():
        (Path(sys.argv[1]) / name).write_text(to_yaml(crd))


if __name__ == "__main__":
    main()
