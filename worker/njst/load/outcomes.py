"""How a client tells its workload of the end of a connection, until all workloads say it alike."""

from njst.contract.result import ErrorClass
from njst.load.workloads.base import Workload


def on_disconnect(workload: Workload, words: str, now_ns: int) -> None:  # noqa: ARG001
    """Fail what was in flight when the connection broke."""
    workload.on_disconnect(words)


def give_up(workload: Workload, kind: ErrorClass, words: str, now_ns: int) -> None:  # noqa: ARG001
    """End before the workload is done: what it did not send has failed."""
    workload.ledger.fail(kind, words)
