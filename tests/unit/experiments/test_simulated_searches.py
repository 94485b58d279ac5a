"""Searches of simulated servers: the true rate lies between the bounds, and no rate is invented.

NJST_SCHEDULES sets how many searches there are in all; each seed is always the same search.
"""

import os
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from njst.contract.spec.search import Search
from njst.experiments.search_end import SearchOutcome
from tests.unit.chance import most_by_chance
from tests.unit.experiments import simulated_servers as servers
from tests.unit.experiments.searching import Searched, search
from tests.unit.experiments.simulated_servers import Random, Server

SEEDS = max(20, int(os.environ.get("NJST_SCHEDULES", "600")) // 25)
WANTED = 0.95
SPEC = Search(from_messages_per_second=100)

Model = Callable[[Random], Server]


def _searches(model: Model) -> list[tuple[Server, Searched]]:
    found = []
    for seed in range(SEEDS):
        random = np.random.default_rng(seed)
        server = model(random)
        found.append((server, search(lambda plan, s=server, r=random: s.run(plan, r), SPEC)))
    return found


def _fewest_hits(of: int) -> int:
    """Return the fewest hits that do not contradict the wanted share."""
    return of - most_by_chance(of, 1 - WANTED)


@pytest.mark.parametrize(
    "model",
    [
        servers.hard_cap,
        servers.mm1,
        servers.stalling,
        servers.slow_follower,
        servers.compacting,
    ],
    ids=lambda model: model.__name__,
)
def test_search__server_with_a_true_rate__has_it_between_its_bounds(model: Model) -> None:
    searches = _searches(model)
    found = [(server, s.end) for server, s in searches if s.end.outcome is SearchOutcome.FOUND]
    hits = sum((e.lower or 0) <= (s.truth or 0) <= (e.upper or 0) for s, e in found)
    print(f"{model.__name__}: {hits} of {len(found)} of {len(searches)}")
    assert len(found) >= _fewest_hits(len(searches))
    assert hits >= _fewest_hits(len(found))
    assert all(100 * (e.upper or 0) <= 105 * (e.lower or 0) + 200 for _, e in found)


def test_search__collapsed_server__is_unstable_before_long() -> None:
    for _, searched in _searches(servers.collapsing):
        assert searched.end.outcome is SearchOutcome.UNSTABLE
        assert len(searched.trials) <= 25


def test_search__drifting_server__has_bounds_that_were_true_or_none() -> None:
    searches = _searches(servers.drifting)
    outcomes = Counter(searched.end.outcome for _, searched in searches)
    assert set(outcomes) <= {SearchOutcome.FOUND, SearchOutcome.UNSTABLE}
    for server, searched in searches:
        first, last = (
            float(server.capacity(np.zeros(1), np.full(1, t))[0]) for t in (0.0, server.now_s)
        )
        if searched.end.outcome is SearchOutcome.FOUND:
            assert (searched.end.lower or 0) <= first
            assert (searched.end.upper or 0) >= last


def test_search__flipping_server__is_unstable_or_near_its_worse_state() -> None:
    """Such a server has no one rate; a search may find what its worse state sustains."""
    far = 0
    for server, searched in _searches(servers.flipping):
        if searched.end.outcome is SearchOutcome.FOUND:
            worse = 0.2 * float(max(server.capacity(np.zeros(1), np.arange(60) * 30.0)))
            far += (searched.end.lower or 0) > 3 * worse
        else:
            assert searched.end.outcome is SearchOutcome.UNSTABLE
    assert far <= SEEDS // 10


def test_search__small_tester__says_so_with_what_it_could_offer() -> None:
    for server, searched in _searches(servers.small_tester):
        end = searched.end
        assert end.outcome is SearchOutcome.TESTER_LIMITED
        assert end.upper is None
        assert end.is_lower_confirmed
        assert 0.93 * server.tester_limit <= (end.lower or 0) <= server.tester_limit
