"""promtool, which checks metrics, alerts and their unit tests: the one of Debian."""

from pathlib import Path

from devenv.programs.build_cache import Cache
from devenv.programs.debian_package import unpacked
from devenv.progress import Progress


def fetch_promtool(cache: Cache, progress: Progress) -> Path:
    """Return the program.

    Raises:
        ToolMissingError: it cannot be obtained.
    """
    with cache.lock(progress):
        return unpacked("prometheus", cache, progress) / "usr" / "bin" / "promtool"
