"""Host costs of load processes, merged."""

from collections.abc import Iterable

from njst.contract.results.tallies import LoadCost


def merge_costs(costs: Iterable[LoadCost | None]) -> LoadCost | None:
    """Return the cost of one participant's processes together; None: no process reported any.

    Delays are those of the worst process, since the others do not make up for them; throttling of
    a container is the same for all of its processes.
    """
    known = [cost for cost in costs if cost is not None]
    if not known:
        return None
    return LoadCost(
        processes=sum(cost.processes for cost in known),
        cores=max(cost.cores for cost in known),
        elapsed_us=max(cost.elapsed_us for cost in known),
        cpu_us=sum(cost.cpu_us for cost in known),
        busiest_cpu_us=max(cost.busiest_cpu_us for cost in known),
        run_delay_us=max(cost.run_delay_us for cost in known),
        throttled_us=max(cost.throttled_us for cost in known),
        blocked_us=max(cost.blocked_us for cost in known),
        late_us=max(cost.late_us for cost in known),
    )
