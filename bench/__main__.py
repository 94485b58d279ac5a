"""`python -m bench run|check [--pairs N] [--only WORDS]`: measure, print, and judge."""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from bench.goals import Goal, summary
from bench.load import bare_socket, engine_goals, pub_sub, request_reply
from bench.load.cases import CHECKED, Case, all_cases
from bench.load.comparison_table import Figures, markdown, to_json
from bench.load.nats_bench_side import NatsBench, fetch_peer, peer_version
from bench.load.njst_side import NjstSide
from bench.load.prepared_streams import prepare, server_of
from bench.pairs import Spread, alternate
from bench.run_outcome import RunOutcome
from devenv.progress import Progress

_RESULTS = Path(__file__).parent / "results"
_TABLE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
_BEGIN, _END = "<!-- figures: begin -->\n", "<!-- figures: end -->\n"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("what", choices=["run", "check"])
    parser.add_argument("--pairs", type=int, default=3, help="number of pairs per case (default 3)")
    parser.add_argument("--only", default="", help="run only cases whose label contains this")
    options = parser.parse_args()
    progress = Progress()
    cases = [
        case
        for case in (CHECKED if options.what == "check" else all_cases())
        if options.only in case.label
    ]
    if not cases:
        sys.exit(f"no case has {options.only!r} in its label")
    program = fetch_peer(progress)
    found = _measure(cases, program, options.pairs, progress)
    if options.what == "check":
        sys.exit(_check(found, program, options.pairs, progress, is_whole=not options.only))
    found = list(found)
    table = markdown(found)
    print(table)
    if not options.only:
        _RESULTS.mkdir(exist_ok=True)
        (_RESULTS / "latest.json").write_text(to_json(found, {"peer": f"nats {peer_version()}"}))
        _write_table(table)


def _check(
    found: Iterable[Figures], program: Path, pairs: int, progress: Progress, *, is_whole: bool
) -> bool:
    """Print each goal when its figure is known; return whether any is missed."""
    goals: list[Goal] = []
    for goal in _goals(found, program, pairs, progress, is_whole=is_whole):
        print(goal, flush=True)
        goals.append(goal)
    print(summary(goals))
    return any(goal.is_missed for goal in goals)


def _goals(
    found: Iterable[Figures], program: Path, pairs: int, progress: Progress, *, is_whole: bool
) -> Iterable[Goal]:
    for figures in found:
        yield from figures.goals()
    if is_whole:
        yield from pub_sub.goals(program, pairs, progress)
        yield from request_reply.goals(program, pairs, progress)
        yield from _ceilings(pairs, progress)
        yield from engine_goals.goals(progress)


def _measure(
    cases: Sequence[Case], program: Path, pairs: int, progress: Progress
) -> Iterable[Figures]:
    for replicas, group in groupby(cases, key=lambda case: case.replicas):
        with server_of(replicas) as url:
            for case in group:
                with progress.step(case.label):
                    yield _figures(case, url, program, pairs)


def _figures(case: Case, url: str, program: Path, pairs: int) -> Figures:
    def ours() -> RunOutcome:
        prepare(url, case)
        return NjstSide(url).run(case.spec())

    def peer() -> RunOutcome:
        prepare(url, case, makes_bucket=True)
        return NatsBench(program, url).run(case.peer_arguments())

    return Figures(case, alternate(pairs * case.repeats, ours, peer))


def _ceilings(pairs: int, progress: Progress) -> Iterable[Goal]:
    """The rate of njst relative to a bare socket."""
    by_name = {case.name: case for case in CHECKED}
    with server_of(1) as url:
        bare_loops: dict[str, Callable[[str, dict[str, Any]], float]] = {
            "publish async": bare_socket.publish,
            "publish sync": bare_socket.publish,
            "consume, ack none": bare_socket.consume,
        }
        for name, bare in bare_loops.items():
            # CPU time is not compared here: it would include the start of a process.
            case = replace(by_name[name], messages=by_name[name].messages // 3)
            ratios = []
            with progress.step(f"{name} beside a bare socket"):
                for _ in range(pairs):
                    prepare(url, case)
                    rate = NjstSide(url).run(case.spec()).rate
                    prepare(url, case)
                    ratios.append(rate / bare(url, case.spec()))
            yield Goal(f"{name} of a bare socket's rate", Spread.of(ratios), 0.9, at_least=True)


def _write_table(table: str) -> None:
    page = _TABLE.read_text()
    head, rest = page.split(_BEGIN)
    _, tail = rest.split(_END)
    _TABLE.write_text(f"{head}{_BEGIN}\n{table}\n{_END}{tail}")


if __name__ == "__main__":
    main()
