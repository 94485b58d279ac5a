import csv
import io

from njst.report.course_csv import COLUMNS, render
from tests.unit.report.reports import GOOD, NEVER_STARTED


def test_course__two_windows__are_rows_with_empty_values_for_what_is_unknown() -> None:
    assert render(GOOD) == (
        "atSeconds,windowSeconds,workload,messages,bytes,errors,latencyP50Microseconds,"
        "latencyP90Microseconds,latencyP99Microseconds,latencyP999Microseconds,"
        "latencyMaxMicroseconds\r\n"
        "0,2,write,2000,128000,0,900,1500,21000,30000,1200000\r\n"
        "2,2,write,1000,64000,3,,,,,\r\n"
    )


def test_course__hostile_name_of_a_workload__is_one_value() -> None:
    name = 'a,"b"\r\nc;=1'
    workload = GOOD.workloads[0].model_copy(update={"workload": name})
    text = render(GOOD.model_copy(update={"workloads": [workload]}))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["workload"] for row in rows] == [name, name]


def test_course__no_workload__is_the_header() -> None:
    assert render(NEVER_STARTED) == ",".join(COLUMNS) + "\r\n"
