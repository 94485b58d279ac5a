"""What is said of messages that their stream does not have."""

import pytest

from njst.contract.results.report import WorkloadResult
from njst.contract.results.tallies import ReadBack
from njst.verdict.storage_text import kept_words, removed_words

WRITTEN = "10 acknowledged messages of write"
KEPT = "of the messages of write the stream kept"


def workload(read_back: ReadBack | None, size: int = 64) -> WorkloadResult:
    return WorkloadResult(
        workload="write", kind="Publish", messages=10, bytes=10 * size, read_back=read_back
    )


def gone(count: int, *by: str) -> ReadBack:
    return ReadBack(
        acknowledged=10, found=10 - count, removed=count, removed_by=list(by), words="where"
    )


@pytest.mark.parametrize(
    ("proved", "removed", "kept"),
    [
        (None, "", ""),
        (ReadBack(acknowledged=10, found=10), "", ""),
        (
            gone(4, "MessagesDeleted", "Purged"),
            f"of {WRITTEN} 4 were removed while the job ran (MessagesDeleted, Purged): where",
            "",
        ),
        (
            gone(9, "DiscardOld"),
            "",
            "of the messages of write the stream kept 1 of 10 (DiscardOld)",
        ),
        (
            gone(10, "NoInterest"),
            "",
            f"{KEPT} none (NoInterest: the stream had no consumer)",
        ),
        (
            gone(5, "DiscardOld", "MaxMessagesPerSubject"),
            "",
            (
                f"{KEPT} 5 of 10 (DiscardOld, MaxMessagesPerSubject; a full subject drops its"
                " oldest message unless discardNewPerSubject is set)"
            ),
        ),
    ],
    ids=str,
)
def test_what_a_stream_has_no_more_is_said(
    proved: ReadBack | None, removed: str, kept: str
) -> None:
    assert removed_words(workload(proved)) == removed
    assert kept_words(workload(proved)) == kept


def test_messages_without_a_payload_are_named() -> None:
    assert kept_words(workload(None, 0)) == "the messages of write were empty"
