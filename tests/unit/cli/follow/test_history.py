from typing import Any

from njst.cli.follow.history import KEPT, History, Interval, workloads_of
from njst.stats.histogram import Histogram
from tests.unit.cli.follow.documents import running, workload


def history(*seen: tuple[dict[str, Any], float]) -> History:
    made = History()
    for one, now_s in seen:
        made.add(workloads_of(running(one)), now_s)
    return made


def test_history__two_documents__give_the_rate_and_latency_between_them() -> None:
    later = Histogram.of([1000] * 500 + [50_000] * 500).encode()
    made = history(
        (workload("w", 500, 1.0), 101.3), (workload("w", 1500, 3.0, latency=later), 103.9)
    )
    latest = made.latest("w")
    assert latest is not None
    assert latest.messages_per_second == 500, "by the time of the workload, not of this host"
    assert 50_000 <= (latest.p50_us or 0) <= 50_050


def test_history__documents_within_a_second__are_one_interval() -> None:
    seen = [(workload("w", 100 * n, 0.25 * n), 0.3 * n) for n in range(1, 10)]
    made = history(*seen)
    assert [one.messages_per_second for one in made.intervals["w"]] == [400, 400]


def test_history__warm_up_without_time_of_its_own__goes_by_this_hosts_clock() -> None:
    made = history(
        (workload("w", 0, 0), 10.0),
        (workload("w", 300, 0, latency=""), 12.0),
        (workload("w", 600, 0.5), 14.0),
        (workload("w", 900, 2.0), 16.0),
    )
    assert [one.messages_per_second for one in made.intervals["w"]] == [150, 150, 200]


def test_history__lost_worker_that_takes_counts_with_it__has_no_latency() -> None:
    made = history((workload("w", 400, 1.0), 1.0), (workload("w", 100, 2.5), 2.0))
    assert made.latest("w") == Interval(0)


def test_history__histogram_of_another_layout__is_left_out() -> None:
    made = history(
        (workload("w", 1, 1.0, latency="new"), 1.0), (workload("w", 11, 3.0, latency="new"), 2.0)
    )
    assert made.latest("w") == Interval(5)


def test_history__long_job__keeps_the_latest_intervals() -> None:
    made = history(*((workload("w", n, float(n)), float(n)) for n in range(1, 3 * KEPT)))
    assert len(made.intervals["w"]) == KEPT
    assert made.latest("other") is None
