"""`python -m bench.operators run|check`: figures of the operator and their goals."""

import argparse
import asyncio
import sys

from bench.goals import Goal, summary
from bench.operators.operator_goals import many_copies, quickness, restart
from bench.operators.operator_rig import open_cluster
from devenv.progress import Progress


def main() -> int:
    """Measure and print; `check` fails when a goal is missed."""
    parser = argparse.ArgumentParser(prog="bench.operators", description=__doc__)
    parser.add_argument("what", choices=["run", "check"])
    parser.add_argument(
        "--only", default="", help="run only figures whose function name contains this"
    )
    options = parser.parse_args()
    progress = Progress()
    goals: list[Goal] = []
    for measure in (quickness, many_copies, restart):
        if options.only not in measure.__name__:
            continue
        with progress.step(measure.__name__), open_cluster(progress) as cluster:
            found = asyncio.run(measure(cluster))
        for goal in found:
            print(goal, flush=True)
        goals += found
    print(summary(goals))
    return int(options.what == "check" and any(goal.is_missed for goal in goals))


if __name__ == "__main__":
    sys.exit(main())
