"""What the thresholds of a submission need of the baselines of the mesh."""

from collections.abc import Sequence

from njst.comparison.pinned_baseline import baseline_names, pin
from njst.contract.results.comparison import PinnedBaseline
from njst.contract.spec.job import JobSpec
from njst.journal.interfaces import Baselines


class UnknownBaselineError(LookupError):
    """There is no baseline of this name."""

    def __init__(self, baseline: str) -> None:
        super().__init__(f"there is no baseline {baseline!r}")


async def pinned(
    baselines: Baselines | None, jobs: Sequence[JobSpec], root: str = "spec"
) -> list[PinnedBaseline] | None:
    """Return what the thresholds of jobs need of baselines; None: they need nothing.

    Args:
        baselines: The baselines of the mesh; None: it has none.
        jobs: The job, or the jobs of the points of an experiment.
        root: The path of a job's spec in the document that is submitted.

    Raises:
        InvalidDocumentError: naming each threshold whose baseline is missing or does not suit.
        JournalUnavailableError: they cannot be read now.
    """
    found = {}
    for name in baseline_names(jobs):
        baseline = None if baselines is None else await baselines.get(name)
        if baseline is not None:
            found[name] = baseline
    return pin(jobs, found, root)
