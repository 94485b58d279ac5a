"""How soon a reader that fails asks again."""

from njst.journal.nats.ordered_reader import BACKOFF, WATCH_S


def test_backoff__many_readers_fail_at_once__spreads_their_next_attempts() -> None:
    assert BACKOFF.pause_s(1) > WATCH_S
    assert BACKOFF.pause_s(9, 0.0) == BACKOFF.ceiling_s / 2
    assert BACKOFF.pause_s(5000) == BACKOFF.ceiling_s
