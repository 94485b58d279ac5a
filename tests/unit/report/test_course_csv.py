import csv
import io

from njst.contract.results.course import Course, CourseWindow, WindowLatency, WorkloadCourse
from njst.contract.results.tallies import ErrorClass
from njst.contract.results.windows import ErrorCount
from njst.report.course_csv import COLUMNS, render
from njst.report.exports import of_workload
from tests.unit.report.reports import GOOD, NEVER_STARTED

HEADER = (
    "atSeconds,windowSeconds,workload,messages,offered,bytes,errors,"
    "latencyP50Microseconds,latencyP90Microseconds,latencyP99Microseconds,"
    "latencyP999Microseconds,latencyMaxMicroseconds,"
    "serviceP50Microseconds,serviceP90Microseconds,serviceP99Microseconds,"
    "serviceP999Microseconds,serviceMaxMicroseconds,"
    "slipP50Microseconds,slipP90Microseconds,slipP99Microseconds,"
    "slipP999Microseconds,slipMaxMicroseconds,"
    "storedP50Microseconds,storedP90Microseconds,storedP99Microseconds,"
    "storedP999Microseconds,storedMaxMicroseconds,"
    "deliveredP50Microseconds,deliveredP90Microseconds,deliveredP99Microseconds,"
    "deliveredP999Microseconds,deliveredMaxMicroseconds\r\n"
)
SLIP = WindowLatency(count=9, p50=1, p90=2, p99=3, p999=4, max=5)
ERRORS = [
    ErrorCount(error_class=ErrorClass.TIMEOUT, count=2),
    ErrorCount(error_class=ErrorClass.OTHER, count=1),
]
WINDOWS = [
    CourseWindow(at_seconds=4, messages=7, offered=9, bytes=70, slip_microseconds=SLIP),
    CourseWindow(at_seconds=6, errors=ERRORS),
]
COURSE = Course(
    window_seconds=2,
    workloads=[
        WorkloadCourse(workload="write", kind="Publish", windows=WINDOWS),
        WorkloadCourse(workload="read", kind="Consume", windows=WINDOWS[1:]),
    ],
)
WITH_COURSE = GOOD.model_copy(update={"course": COURSE})


def test_course__its_windows__are_rows_with_empty_values_for_what_is_unknown() -> None:
    assert render(WITH_COURSE) == (
        f"{HEADER}"
        f"4,2,write,7,9,70,0,{',' * 9},1,2,3,4,5{',' * 10}\r\n"
        f"6,2,write,0,,0,3{',' * 25}\r\n"
        f"6,2,read,0,,0,3{',' * 25}\r\n"
    )


def test_course__of_one_workload__has_its_windows_alone() -> None:
    rows = render(of_workload(WITH_COURSE, "read")).splitlines()
    assert [row.split(",")[:3] for row in rows[1:]] == [["6", "2", "read"]]


def test_course__without_windows__is_the_series_of_the_workloads() -> None:
    assert render(GOOD) == (
        f"{HEADER}"
        f"0,2,write,2000,,128000,0,900,1500,21000,30000,1200000{',' * 20}\r\n"
        f"2,2,write,1000,,64000,3{',' * 25}\r\n"
    )


def test_course__hostile_name_of_a_workload__is_one_value() -> None:
    name = 'a,"b"\r\nc;=1'
    workload = GOOD.workloads[0].model_copy(update={"workload": name})
    text = render(GOOD.model_copy(update={"workloads": [workload]}))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["workload"] for row in rows] == [name, name]
    assert rows[0].keys() == set(COLUMNS)


def test_course__no_workload__is_the_header() -> None:
    assert render(NEVER_STARTED) == HEADER
