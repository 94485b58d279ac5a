from njst.contract.results.outcome import Outcome
from njst.contract.results.report import WorkerResult
from njst.contract.results.tallies import LoadCost
from njst.stats.start_skew import start_skew_us


def began(late_us: int, clock_error_us: int | None) -> WorkerResult:
    return WorkerResult(
        worker="w",
        outcome=Outcome.COMPLETED,
        cost=LoadCost(late_us=late_us),
        clock_error_us=clock_error_us,
    )


def test_clocks_may_be_off_either_way() -> None:
    # The first may have begun 400 us before the common start, the second 1,100 us after it.
    assert start_skew_us([began(100, 500), began(800, 300)]) == 1_500
    assert start_skew_us([began(100, 0), began(130, 0), began(110, 0)]) == 30


def test_it_takes_two_of_whom_both_is_known() -> None:
    lost = WorkerResult(worker="lost", outcome=Outcome.LOST, cost=LoadCost(late_us=9_000))
    unfit = WorkerResult(worker="unfit", outcome=Outcome.REJECTED, clock_error_us=9_000)
    assert start_skew_us([began(100, 500), lost, unfit]) is None
    assert start_skew_us([began(100, 500), lost, unfit, began(100, 500)]) == 1_000
