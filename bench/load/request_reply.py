"""Requests and their answers, one client each: the peer is a pair of `nats bench service`."""

import subprocess
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from bench.goals import Goal
from bench.load.cases import SUBJECT
from bench.load.nats_bench_side import NatsBench
from bench.load.njst_side import NjstSide
from bench.load.prepared_streams import server_of
from bench.pairs import Spread, alternate
from bench.run_outcome import RunOutcome
from devenv.progress import Progress

REQUESTS = 10_000
# The peer does not report when the server has registered its service.
_AHEAD_S = 1.0


def goals(program: Path, pairs: int, progress: Progress) -> Iterable[Goal]:
    """Yield the figures and their goals: sequential requests per second of one client."""
    for kind, answers in (("core", "Reply"), ("service", "Serve")):
        what = f"{kind} request and {answers.lower()}"
        with server_of(1) as url, progress.step(what):
            ours = partial(_ours, url, kind, answers)
            found = alternate(pairs, ours, partial(_peer, program, url))
        ratio = Spread.of([pair.rate_ratio for pair in found])
        yield Goal(f"{what}: rate", ratio, 0.5, at_least=True)


def _ours(url: str, kind: str, answers: str) -> RunOutcome:
    both = {
        "ask": {"operation": "Request", "subject": SUBJECT, "payloadBytes": 128},
        "answer": {"operation": answers, "subject": SUBJECT, "payloadBytes": 128},
    }
    return NjstSide(url).run_both(REQUESTS, kind, both)


def _peer(program: Path, url: str) -> RunOutcome:
    serve = [str(program), "--server", url, "bench", "service", "serve", SUBJECT, "--size=128"]
    with subprocess.Popen(
        [*serve, "--no-progress"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as service:
        try:
            time.sleep(_AHEAD_S)
            flags = [SUBJECT, f"--msgs={REQUESTS}", "--size=128"]
            return NatsBench(program, url).run(["service", "request", *flags])
        finally:
            service.kill()
