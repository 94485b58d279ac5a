"""What must be the same in runs that are compared."""

from njst.comparison.facts import run_of, spec_digest
from njst.contract.parsing.document import parse_spec
from njst.contract.results.report import Diagnosis
from tests.unit.contract.parsing.bad_experiments import good_experiment
from tests.unit.experiments.reports import report, workload

TEMPLATE = good_experiment()["template"]
JOB = parse_spec(TEMPLATE)
OTHER = parse_spec({**TEMPLATE, "workers": 3})


def test_spec_digest__other_load__is_another_one() -> None:
    assert spec_digest(JOB) == spec_digest(parse_spec(TEMPLATE)) != spec_digest(OTHER)
    assert len(spec_digest(JOB)) == 16


def test_spec_digest__what_the_load_does_not_depend_on__does_not_matter() -> None:
    changes = {"description": "x", "priority": 3, "mesh": "b", "thresholds": []}
    assert spec_digest(JOB) == spec_digest(parse_spec({**TEMPLATE, **changes}))


def test_spec_digest__declared_factor__does_not_matter() -> None:
    assert spec_digest(JOB, ["workers"]) == spec_digest(OTHER, ["workers"])
    assert spec_digest(JOB, ["workloads[write].clients"]) != spec_digest(OTHER)


def test_run_of__report__has_its_facts_numbers_and_limits() -> None:
    tester = Diagnosis(limited=True, reason="ProcessBusy")
    found = report(workload("write", 1000), tester=tester)
    run = run_of("j", JOB, found, {"server": "2.12"})
    assert run.facts == {"server": "2.12", "spec": spec_digest(JOB), "workers": "2"}
    assert (run.job, run.is_tester_limited, run.verdict) == ("j", True, "Valid")
    assert run.workloads[0].messages_per_second == 1000
