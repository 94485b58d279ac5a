"""The peer: `nats bench` of the nats CLI, built from the Go module proxy, and its output."""

import re
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.run_outcome import RunOutcome
from devenv.programs.build_cache import Cache, default_cache
from devenv.programs.go_module import GoModule
from devenv.progress import Progress

_NATS = GoModule(
    Path(__file__).parent / "build" / "nats", "tool", "once; about 2 minutes", timeout_s=20 * 60
)
_RUN_TIMEOUT_S = 300

_RATE = re.compile(r"stats: ([\d,]+) msgs/sec")
_PERCENTILE = re.compile(r"P(50|99): ([\d,.]+)us")


class PeerError(Exception):
    """The output of the peer is not as expected."""


def peer_version() -> str:
    """Return the version that go.mod pins."""
    match = re.search(r"natscli (v\S+)", _NATS.go_mod)
    assert match is not None
    return match[1]


def fetch_peer(progress: Progress) -> Path:
    """Return the `nats` program; build it unless it is in the cache."""
    return _NATS.fetch(Cache(default_cache().root.parent / "bench"), progress) / "nats"


@dataclass(frozen=True)
class NatsBench:
    """`nats bench`, as a user would run it."""

    program: Path
    url: str

    def run(self, arguments: list[str]) -> RunOutcome:
        """Run one benchmark to its end.

        Raises:
            PeerError: it fails, or prints no figures.
        """
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [str(self.program), "--server", self.url, "bench", *arguments, "--no-progress"],
            capture_output=True,
            text=True,
            timeout=_RUN_TIMEOUT_S,
            check=False,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        said = done.stdout + done.stderr
        if done.returncode != 0:
            raise PeerError(f"nats bench {' '.join(arguments)}: {said[-500:]}")
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return self.outcome(said, cpu_s)

    @staticmethod
    def outcome(said: str, cpu_s: float) -> RunOutcome:
        """Return the figures in what one benchmark printed.

        Raises:
            PeerError: there are none.
        """
        rates = _RATE.findall(said)
        if not rates:
            raise PeerError(f"nats bench: {said[-500:]}")
        # With several clients the aggregate is printed first, then each client.
        line = next(line for line in said.splitlines() if _RATE.search(line))
        percentiles = {p: float(us.replace(",", "")) for p, us in _PERCENTILE.findall(line)}
        return RunOutcome(
            rate=float(rates[0].replace(",", "")),
            cpu_s=cpu_s,
            p50_us=percentiles.get("50"),
            p99_us=percentiles.get("99"),
        )
