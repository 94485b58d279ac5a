"""When a command that follows a job ends."""

from typing import Any

import pytest

from njst.cli.follow.follow_job import CLEAN_S, is_over


@pytest.mark.parametrize(
    ("document", "ended_for_s", "over"),
    [
        ({"phase": "Running", "cleaned": False}, 0.0, False),
        ({"phase": "Succeeded", "cleaned": False}, CLEAN_S - 0.1, False),
        ({"phase": "Succeeded", "cleaned": False}, CLEAN_S, True),
        ({"phase": "Failed", "cleaned": True}, 0.0, True),
        # An older worker does not say it.
        ({"phase": "Cancelled"}, 0.0, True),
    ],
)
def test_follow__ends_with_the_clean_up_or_soon_after_the_end(
    document: dict[str, Any], ended_for_s: float, over: bool
) -> None:
    assert is_over(document, ended_for_s) is over
