"""The peer: `nats bench` of the nats CLI, built from the Go module proxy, and what it prints."""

import hashlib
import os
import re
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.outcome import RunOutcome
from devenv.kubernetes.cache import Cache
from devenv.kubernetes.running import run
from devenv.kubernetes.toolchain import go_toolchain
from devenv.progress import Progress
from njst.local.service import Command

_MODULE = Path(__file__).parent / "build"
_GO = (1, 26)
_BUILD_TIMEOUT_S = 20 * 60
_RUN_TIMEOUT_S = 300

_RATE = re.compile(r"stats: ([\d,]+) msgs/sec")
_PERCENTILE = re.compile(r"P(50|99): ([\d,.]+)us")


class PeerError(Exception):
    """The peer cannot be built or does not say what it should."""


def peer_version() -> str:
    """Return the version that go.mod pins."""
    match = re.search(r"natscli (v\S+)", (_MODULE / "go.mod").read_text())
    assert match is not None
    return match[1]


def fetch_peer(progress: Progress) -> Path:
    """Return the `nats` program, built first where it is not in the cache yet."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cache = Cache(home / "njst" / "bench")
    sums = (_MODULE / "go.mod").read_bytes() + (_MODULE / "go.sum").read_bytes()
    name, stamp = f"nats-{peer_version()}", hashlib.sha256(sums).hexdigest()
    found = cache.find(name, stamp)
    if found is None:
        with cache.lock(progress):
            found = cache.find(name, stamp) or cache.publish(
                name, stamp, lambda fresh: _build(fresh, cache, progress)
            )
    return found / "nats"


def _build(into: Path, cache: Cache, progress: Progress) -> None:
    go = go_toolchain(_GO, cache, progress)
    environment = dict(os.environ) | {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }
    argv = [str(go), "-C", str(_MODULE), "build", "-trimpath", "-ldflags", "-s -w"]
    argv += ["-o", f"{into}/", "github.com/nats-io/natscli/nats"]
    with progress.step(f"building nats {peer_version()}", cost="once; about 2 minutes") as step:
        run(
            Command("go build", argv, into / "build.log", environment),
            timeout_s=_BUILD_TIMEOUT_S,
            beat=lambda: step.beat("compiling"),
        )


@dataclass(frozen=True)
class Peer:
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
        # With several clients the aggregate comes first, then each of them.
        line = next(line for line in said.splitlines() if _RATE.search(line))
        percentiles = {p: float(us.replace(",", "")) for p, us in _PERCENTILE.findall(line)}
        return RunOutcome(
            rate=float(rates[0].replace(",", "")),
            cpu_s=cpu_s,
            p50_us=percentiles.get("50"),
            p99_us=percentiles.get("99"),
        )
