"""Waits for each instant (CLOCK_MONOTONIC, ns) that a line of stdin names; says when it woke.

As a worker's load does, and nothing else: what is left of the skew is this machine's.
"""

import sys
import time

from njst.load.host.clock import wait_until

# Report only after the neighbours have woken too.
_QUIET_S = 0.1


def main() -> None:
    for line in sys.stdin:
        wait_until(int(line))
        woken_ns = time.monotonic_ns()
        time.sleep(_QUIET_S)
        print(woken_ns, flush=True)


if __name__ == "__main__":
    main()
