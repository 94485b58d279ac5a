"""What docs/kubernetes.md shows of a finished job is what kubectl shows."""

import re
from pathlib import Path

from njst.contract.crd.crds import crds
from njst.contract.results.job_status import JobStatus
from njst_operator.controllers.job import job_decide as r
from njst_operator.controllers.schedule.schedule_state import ScheduleReason
from tests.unit.operator.controllers.job.test_job_decide import NOW, finished, resource, written

DOCS = (Path(__file__).parents[3] / "docs" / "kubernetes.md").read_text()


def test_docs__columns__are_those_of_the_crd() -> None:
    (version,) = crds()["njst.io_njstjobs.yaml"]["spec"]["versions"]
    columns = version["additionalPrinterColumns"]
    # kubectl shows what is for -o wide after the rest.
    names = [column["name"] for column in sorted(columns, key=lambda c: c.get("priority", 0))]
    assert re.search(r"(?i)^NAME +" + " +".join(map(re.escape, names)) + "$", DOCS, re.MULTILINE)


def test_docs__conditions__are_those_of_a_succeeded_job() -> None:
    shown = re.findall(r"Message: +(.+)\n +Status: +(\w+)\n +Type: +(\w+)", DOCS)
    new = written(r.decide(resource(), finished(), NOW))
    said = [(c.message, c.status, c.type) for c in new.conditions]
    assert [row[1:] for row in shown] == [row[1:] for row in said]
    # The job's own id, and what it came to.
    own = {"Accepted", "Succeeded", "Finished"}
    assert [row for row in shown if row[2] not in own] == [row for row in said if row[2] not in own]


def test_docs__explanation__is_that_of_the_field() -> None:
    (version,) = crds()["njst.io_njstjobs.yaml"]["spec"]["versions"]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    publish = spec["properties"]["workloads"]["items"]["properties"]["publish"]
    description = publish["properties"]["window"]["description"]
    assert description in " ".join(DOCS.split())


def test_docs__table_of_the_status__names_each_field() -> None:
    fields = [field.alias or name for name, field in JobStatus.model_fields.items()]
    section = DOCS.split("## The status")[1].split("\n## ")[0]
    assert [field for field in fields if f"`{field}" not in section.replace("status.", "")] == []


def test_docs__table_of_a_schedules_reasons__names_each() -> None:
    section = DOCS.split("## Scheduled jobs")[1].split("\n## ")[0]
    shown = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    # The last one is the CRD's default.
    assert shown == [*ScheduleReason, "NotTaken"]
