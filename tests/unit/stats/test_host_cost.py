from njst.contract.results.tallies import LoadCost
from njst.stats.host_cost import merge_costs


def test_sums_are_of_all_and_delays_of_the_worst() -> None:
    one = LoadCost(
        processes=1,
        cores=2,
        elapsed_us=9,
        cpu_us=5,
        busiest_cpu_us=5,
        run_delay_us=1,
        throttled_us=4,
        late_us=60,
    )
    two = LoadCost(
        processes=1,
        cores=2,
        elapsed_us=8,
        cpu_us=7,
        busiest_cpu_us=7,
        run_delay_us=3,
        throttled_us=4,
        late_us=20,
    )
    assert merge_costs([one, None, two]) == LoadCost(
        processes=2,
        cores=2,
        elapsed_us=9,
        cpu_us=12,
        busiest_cpu_us=7,
        run_delay_us=3,
        throttled_us=4,
        late_us=60,
    )
    assert merge_costs([two, one]) == merge_costs([one, two])


def test_nobody_has_said_anything() -> None:
    assert merge_costs([None, None]) is None
    assert merge_costs([]) is None
