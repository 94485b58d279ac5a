"""Core publish and subscribe together, one client each: the peer is a pair of `nats bench`."""

import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from bench.goals import Goal
from bench.load.cases import SUBJECT
from bench.load.nats_bench_side import NatsBench
from bench.load.njst_side import NjstSide
from bench.load.prepared_streams import server_of
from bench.pairs import Spread, alternate
from bench.run_outcome import RunOutcome
from devenv.progress import Progress

MESSAGES = 2_000_000
_RUN_TIMEOUT_S = 120
# The peer does not report when the server has registered its subscription.
_AHEAD_S = 1.0


def goals(program: Path, pairs: int, progress: Progress) -> Iterable[Goal]:
    """Yield the figure and its goal: messages per second from a publisher to a subscriber."""
    with server_of(1) as url, progress.step("core publish and subscribe"):
        found = alternate(pairs, lambda: _ours(url), lambda: _peer(program, url))
    ratio = Spread.of([pair.rate_ratio for pair in found])
    yield Goal("core publish and subscribe: rate", ratio, 0.5, at_least=True)


def _ours(url: str) -> RunOutcome:
    both = {
        "receive": {"operation": "Subscribe", "subject": SUBJECT},
        "send": {"operation": "Publish", "subject": SUBJECT, "payloadBytes": 128},
    }
    return NjstSide(url).run_both(MESSAGES, "core", both)


def _peer(program: Path, url: str) -> RunOutcome:
    flags = [SUBJECT, f"--msgs={MESSAGES}", "--size=128"]
    command = [str(program), "--server", url, "bench", "sub", *flags, "--no-progress"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as receiver:
        try:
            time.sleep(_AHEAD_S)
            NatsBench(program, url).run(["pub", *flags])
            said, _ = receiver.communicate(timeout=_RUN_TIMEOUT_S)
        finally:
            receiver.kill()
    return NatsBench.outcome(said, cpu_s=0.0)
