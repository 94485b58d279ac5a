"""Backoff: how pauses grow, and what jitter takes from them."""

from hypothesis import given
from hypothesis import strategies as st

from njst.backoff import Backoff

BACKOFFS = st.builds(
    Backoff,
    first_s=st.floats(0.001, 60),
    factor=st.floats(1, 1000),
    ceiling_s=st.floats(60, 3600),
    jitter=st.floats(0, 1),
)
ATTEMPTS = st.integers(1, 100_000)
RANDOM = st.floats(0, 1)


@given(BACKOFFS, ATTEMPTS)
def test_pauses__without_luck__grow_from_first_to_ceiling(backoff: Backoff, attempt: int) -> None:
    assert backoff.pause_s(1) == backoff.first_s
    assert backoff.pause_s(attempt) <= backoff.pause_s(attempt + 1) <= backoff.ceiling_s


@given(BACKOFFS, ATTEMPTS, RANDOM)
def test_jitter__any_random_number__takes_no_more_than_its_share(
    backoff: Backoff, attempt: int, random01: float
) -> None:
    longest_s = backoff.pause_s(attempt)
    shortest_s = longest_s * (1 - backoff.jitter)
    assert shortest_s <= backoff.pause_s(attempt, random01) <= longest_s


def test_pause__known_values__doubles_until_the_ceiling() -> None:
    backoff = Backoff(1.0, 2.0, 8.0, jitter=0.5)
    assert [backoff.pause_s(n) for n in range(1, 6)] == [1.0, 2.0, 4.0, 8.0, 8.0]
    assert [backoff.pause_s(9, random01) for random01 in (0.0, 0.5, 1.0)] == [4.0, 6.0, 8.0]
