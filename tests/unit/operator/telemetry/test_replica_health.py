"""When a copy of the operator says that it is well, and when it does not."""

from njst_operator.telemetry.operator_metrics import Counts, exposition
from njst_operator.telemetry.replica_health import READY_BEHIND_S, Pulse


def seeing() -> Pulse:
    """A copy that has listed one resource at second 0 and has been brought it by the watch."""
    pulse = Pulse()
    pulse.delivered("a", "7")
    pulse.listed({"a": "7"}, 0.0)
    return pulse


def test_a_copy_that_has_listed_nothing_yet_is_alive_and_not_ready() -> None:
    pulse = Pulse()
    assert pulse.not_live(1000.0) is None
    assert pulse.not_ready(0.0) == "the resources have not been listed yet"


def test_a_quiet_watch_is_not_a_deaf_one() -> None:
    pulse = seeing()
    pulse.listed({"a": "7"}, 500.0)
    assert pulse.behind_s(510.0) == 0.0
    assert pulse.not_ready(510.0) is None


def test_what_is_listed_and_never_comes_is_the_age_of_a_deaf_watch() -> None:
    pulse = seeing()
    pulse.listed({"a": "9"}, 10.0)
    pulse.listed({"a": "12"}, 40.0)
    assert pulse.behind_s(50.0) == 40.0
    assert pulse.not_ready(10.0 + READY_BEHIND_S) is None
    assert pulse.not_ready(10.1 + READY_BEHIND_S) == "the watch is 30 s behind"
    # The watch is begun anew meanwhile, in the same process.
    assert pulse.not_live(1000.0) is None


def test_a_watch_that_cannot_be_opened_is_not_ready_and_lives() -> None:
    pulse = seeing()
    pulse.watch_trouble = "403 forbidden"
    assert pulse.not_ready(5.0) == "the resources cannot be watched: 403 forbidden"
    assert pulse.not_live(5.0) is None
    assert dict(pulse.checks(5.0)) == {
        "nats": None,
        "login": None,
        "list": None,
        "watch": "the resources cannot be watched: 403 forbidden",
        "live": None,
    }


def test_a_watch_that_hangs_is_helped_by_a_restart_alone() -> None:
    pulse = seeing()
    pulse.watch_hangs = True
    assert pulse.not_live(5.0) == pulse.not_ready(5.0) == "the watch hangs"


def test_a_later_version_makes_up_for_a_missed_one() -> None:
    pulse = seeing()
    pulse.listed({"a": "9"}, 10.0)
    pulse.delivered("a", "8")
    assert pulse.behind_s(20.0) == 10.0
    pulse.delivered("a", "11")
    assert pulse.behind_s(20.0) == 0.0


def test_what_is_gone_is_not_waited_for() -> None:
    pulse = seeing()
    pulse.listed({"a": "9", "b": "8"}, 10.0)
    pulse.removed("a")
    pulse.listed({}, 20.0)
    assert pulse.behind_s(90.0) == 0.0


def test_an_api_server_that_is_away_makes_it_unready_and_does_not_restart_it() -> None:
    pulse = seeing()
    pulse.list_failed("403 forbidden")
    assert pulse.not_ready(5.0) == "the resources cannot be listed: 403 forbidden"
    assert pulse.not_live(10_000.0) is None
    pulse.listed({"a": "7"}, 10.0)
    assert pulse.not_ready(10.0) is None


def test_nats() -> None:
    pulse = seeing()
    pulse.nats_connected = False
    assert pulse.not_ready(1.0) == "the control NATS does not answer"
    assert pulse.not_live(1.0) is None
    pulse.nats_closed = True
    assert pulse.not_live(1.0) == "the connection to the control NATS is closed for good"


def test_metrics_tell_what_was_done() -> None:
    pulse = seeing()
    pulse.listed({"a": "9"}, 10.0)
    counts = Counts(looks=3, look_seconds=0.25)
    counts.errors["conflict"] += 2
    text = exposition(counts, pulse, ["", "Running", "Running"], 14.0)
    lines = text.splitlines()
    assert "# TYPE njst_operator_reconciles_total counter" in lines
    for line in (
        "njst_operator_reconciles_total 3",
        "njst_operator_reconcile_seconds_total 0.25",
        'njst_operator_errors_total{kind="conflict"} 2',
        'njst_operator_errors_total{kind="nats"} 0',
        'njst_operator_resources{phase="New"} 1',
        'njst_operator_resources{phase="Running"} 2',
        "njst_operator_watch_behind_seconds 4.0",
        "njst_operator_list_age_seconds 4.0",
        "njst_operator_nats_connected 1",
    ):
        assert line in lines
