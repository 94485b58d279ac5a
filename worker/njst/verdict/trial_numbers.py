"""The numbers of a workload that runs are compared by."""

from njst.contract.results.report import WorkloadResult
from njst.contract.results.trial import TrialWorkload


def numbers_of(result: WorkloadResult) -> TrialWorkload:
    """Return the numbers of a workload; errors per million are rounded up."""
    errors = -(-1_000_000 * result.error_count // result.attempted) if result.attempted else 0
    return TrialWorkload(
        workload=result.workload,
        messages_per_second=result.messages_per_second,
        bytes_per_second=result.bytes_per_second,
        errors_per_million=errors,
        latency_microseconds=result.latency_microseconds,
        is_lower_bound=result.censored_count > 0,
    )
