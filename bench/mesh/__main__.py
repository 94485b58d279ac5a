"""`python -m bench.mesh [--check] [--only WORDS]`: figures of the control plane beside goals.

With --check the exit code is 1 when a goal is missed, or a part has no figure. A part that fails
says why, and the others run.
"""

import argparse
import asyncio
import sys
import traceback
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from bench.goals import Goal, summary
from bench.mesh import clock_goals, cost_goals, queue_goals, start_goals
from devenv.progress import Progress

# The time limit of each part.
PART_S = 600.0

_PARTS: dict[str, Callable[[], AsyncGenerator[Goal]]] = {
    "fold": cost_goals.folds,
    "starts of 3 processes": lambda: start_goals.skew(processes=3, each=1, jobs=100, bound_ms=1.0),
    "starts of 20 processes": lambda: start_goals.skew(
        processes=20, each=1, jobs=100, bound_ms=6.0
    ),
    "100 workers": clock_goals.hundred,
    "idle workers": cost_goals.idle,
    "1,000 queued jobs": queue_goals.drain,
    "1,000 shared jobs": queue_goals.together,
}


async def _run(only: str) -> tuple[list[Goal], list[str]]:
    """Return the figures, and the parts that have failed."""
    progress = Progress()
    goals: list[Goal] = []
    failed: list[str] = []
    for name, part in _PARTS.items():
        if only not in name:
            continue
        try:
            with progress.step(name):
                async with asyncio.timeout(PART_S), aclosing(part()) as figures:
                    async for goal in figures:
                        print(goal, flush=True)
                        goals.append(goal)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others run
            traceback.print_exc()
            failed.append(f"{name} ({str(error) or type(error).__name__})")
            print(f"FAILED  {failed[-1]}", flush=True)
    print(summary(goals) + (f"; no figures: {'; '.join(failed)}" if failed else ""))
    return goals, failed


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="bench.mesh", description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--only", default="", help="run only parts whose name contains this")
    options = parser.parse_args()
    goals, failed = asyncio.run(_run(options.only))
    sys.exit(options.check and (bool(failed) or any(goal.is_missed for goal in goals)))


if __name__ == "__main__":
    main()
