import pytest

from njst.contract.results.report import Report, Verdict
from njst.report.check_list import JOB, check_list
from tests.unit.report.reports import ALL, BAD, CANCELLED, SKIPPED


@pytest.mark.parametrize("report", ALL.values(), ids=ALL)
def test_check_list__of_any_report__has_a_failure_unless_valid(report: Report) -> None:
    failures = [check.failure for check in check_list(report) if check.failure]
    assert bool(failures) == (report.verdict is not Verdict.VALID)
    names = [(check.subject, check.name) for check in check_list(report)]
    assert len(names) == len(set(names)), "test histories tell cases apart by their names"


def test_check_list__failed_job__names_each_broken_check() -> None:
    failed = {(c.subject, c.name): c.failure.reason for c in check_list(BAD) if c.failure}
    assert failed == {
        (JOB, "all workers ran to the end"): "WorkersRefused",
        ("write", "LatencyP99Microseconds at most 20,000"): "ThresholdsFailed",
        ("read", "LatencyMaxMicroseconds at most 0"): "ThresholdsFailed",
        ("read", "MessagesPerSecond at least 2"): "ThresholdsUndecided",
        ("write", "all planned messages are done"): "Incomplete",
        ("write", "no errors but allowed ones"): "ErrorsOccurred",
    }


def test_check_list__reason_of_no_other_check__fails_the_job_itself() -> None:
    job = next(check for check in check_list(CANCELLED) if check.name == "ran to its end")
    assert job.failure is not None
    assert (job.failure.reason, job.failure.message) == ("Requested", "the job was cancelled")


def test_check_list__skipped_workload__makes_no_check_pass() -> None:
    checks = [check for check in check_list(SKIPPED) if check.subject == "write"]
    assert {check.skipped for check in checks} == {"too old"}
