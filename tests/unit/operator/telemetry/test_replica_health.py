"""When a replica of the operator is live and ready, and why not."""

from njst_operator.telemetry.operator_metrics import OperatorMetrics, ScheduleSample, exposition
from njst_operator.telemetry.replica_health import READY_BEHIND_S, ReplicaHealth


def seeing() -> ReplicaHealth:
    """Return a replica that listed a resource at second 0, and whose watch has delivered it."""
    replica_health = ReplicaHealth()
    replica_health.delivered("a", "7")
    replica_health.listed({"a": "7"}, 0.0)
    return replica_health


def test_health__before_the_first_list__is_live_not_ready() -> None:
    replica_health = ReplicaHealth()
    assert replica_health.not_live(1000.0) is None
    assert replica_health.not_ready(0.0) == "the resources have not been listed yet"


def test_health__quiet_watch__is_ready() -> None:
    replica_health = seeing()
    replica_health.listed({"a": "7"}, 500.0)
    assert replica_health.behind_s(510.0) == 0.0
    assert replica_health.not_ready(510.0) is None


def test_health__listed_version_not_delivered__is_behind() -> None:
    replica_health = seeing()
    replica_health.listed({"a": "9"}, 10.0)
    replica_health.listed({"a": "12"}, 40.0)
    assert replica_health.behind_s(50.0) == 40.0
    assert replica_health.not_ready(10.0 + READY_BEHIND_S) is None
    assert replica_health.not_ready(10.1 + READY_BEHIND_S) == "the watch is 30 s behind"
    # The watch is restarted meanwhile, in the same process.
    assert replica_health.not_live(1000.0) is None


def test_health__watch_cannot_be_opened__is_live_not_ready() -> None:
    replica_health = seeing()
    replica_health.watch_trouble = "403 forbidden"
    assert replica_health.not_ready(5.0) == "the resources cannot be watched: 403 forbidden"
    assert replica_health.not_live(5.0) is None
    assert dict(replica_health.checks(5.0)) == {
        "nats": None,
        "login": None,
        "list": None,
        "watch": "the resources cannot be watched: 403 forbidden",
        "live": None,
    }


def test_health__watch_hangs__is_not_live() -> None:
    replica_health = seeing()
    replica_health.watch_hangs = True
    assert replica_health.not_live(5.0) == replica_health.not_ready(5.0) == "the watch hangs"


def test_health__later_version_delivered__is_not_behind() -> None:
    replica_health = seeing()
    replica_health.listed({"a": "9"}, 10.0)
    replica_health.delivered("a", "8")
    assert replica_health.behind_s(20.0) == 10.0
    replica_health.delivered("a", "11")
    assert replica_health.behind_s(20.0) == 0.0


def test_health__resource_gone__is_not_waited_for() -> None:
    replica_health = seeing()
    replica_health.listed({"a": "9", "b": "8"}, 10.0)
    replica_health.removed("a")
    replica_health.listed({}, 20.0)
    assert replica_health.behind_s(90.0) == 0.0


def test_health__api_server_away__is_live_not_ready() -> None:
    replica_health = seeing()
    replica_health.list_failed("403 forbidden")
    assert replica_health.not_ready(5.0) == "the resources cannot be listed: 403 forbidden"
    assert replica_health.not_live(10_000.0) is None
    replica_health.listed({"a": "7"}, 10.0)
    assert replica_health.not_ready(10.0) is None


def test_health__nats_disconnected__is_not_ready() -> None:
    replica_health = seeing()
    replica_health.nats_connected = False
    assert replica_health.not_ready(1.0) == "the control NATS does not answer"
    assert replica_health.not_live(1.0) is None
    replica_health.nats_closed = True
    assert replica_health.not_live(1.0) == "the connection to the control NATS is closed for good"


def test_metrics__counters_and_health__are_exposed() -> None:
    replica_health = seeing()
    replica_health.listed({"a": "9"}, 10.0)
    counts = OperatorMetrics()
    for seconds in (0.05, 0.2):
        counts.record_reconcile(seconds)
    counts.errors["conflict"] += 2
    schedules = [
        ScheduleSample("ns/nightly", "Scheduled", 1767614400.0),
        ScheduleSample("ns/held", "Suspended"),
        ScheduleSample("ns/new", ""),
    ]
    text = exposition(counts, replica_health, ["", "Running", "Running"], schedules, 14.0)
    lines = text.splitlines()
    assert "# TYPE njst_operator_reconciles_total counter" in lines
    for line in (
        "njst_operator_reconciles_total 2",
        'njst_operator_reconcile_duration_seconds_bucket{le="0.025"} 0',
        'njst_operator_reconcile_duration_seconds_bucket{le="0.05"} 1',
        'njst_operator_reconcile_duration_seconds_bucket{le="0.25"} 2',
        'njst_operator_reconcile_duration_seconds_bucket{le="+Inf"} 2',
        "njst_operator_reconcile_seconds_total 0.25",
        'njst_operator_errors_total{kind="conflict"} 2',
        'njst_operator_errors_total{kind="nats"} 0',
        'njst_operator_resources{phase="New"} 1',
        'njst_operator_resources{phase="Running"} 2',
        'njst_operator_schedules{reason="New"} 1',
        'njst_operator_schedules{reason="Scheduled"} 1',
        'njst_operator_schedule_next_timestamp_seconds{schedule="ns/nightly"} 1767614400.0',
        "njst_operator_watch_behind_seconds 4.0",
        "njst_operator_list_age_seconds 4.0",
        "njst_operator_nats_connected 1",
    ):
        assert line in lines
    assert text.count("njst_operator_schedule_next_timestamp_seconds{") == 1
