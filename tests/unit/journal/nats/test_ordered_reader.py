"""What a reader makes of what it is told, and when it asks again."""

from itertools import pairwise

from njst.journal.nats.ordered_reader import AGAIN_S, WATCH_S, pause_s


def test_while_all_is_well_it_looks_at_even_distances() -> None:
    assert {pause_s(0, share) for share in (0.0, 0.5, 1.0)} == {WATCH_S}


def test_who_fails_asks_ever_more_rarely_but_never_gives_up() -> None:
    pauses = [pause_s(failures, 1.0) for failures in range(1, 5000)]
    assert all(first <= second for first, second in pairwise(pauses))
    assert pauses[0] > WATCH_S
    assert pauses[-1] == AGAIN_S


def test_many_that_fail_together_do_not_ask_again_together() -> None:
    assert pause_s(9, 0.0) == AGAIN_S / 2
    assert pause_s(9, 0.5) == AGAIN_S * 3 / 4
