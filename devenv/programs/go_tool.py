"""Small Go programs for tests, built from a go.mod in build/ and cached."""

from dataclasses import dataclass
from pathlib import Path

from devenv.programs.build_cache import Cache, default_cache
from devenv.programs.go_module import GoModule
from devenv.programs.tool_errors import ToolMissingError
from devenv.progress import Progress

_BUILD = Path(__file__).parent / "build"
_TIMEOUT_S = 20 * 60


@dataclass(frozen=True)
class GoTool:
    """A program by its name: build/NAME has its go.mod, and `package` is what is built there."""

    name: str
    # `tool` builds what go.mod names as its tool, `.` the source beside it.
    package: str = "tool"
    cost: str = "once; a minute or two on two cores"

    def find(self, cache: Cache | None = None) -> Path:
        """Return the program if it is on this machine.

        Raises:
            ToolMissingError: it is not here yet.
        """
        folder = self._module.find(cache or default_cache())
        if folder is None:
            raise ToolMissingError(
                f"no {self.name} here yet: run `python -m devenv.kubernetes fetch`"
            )
        return folder / self.name

    def fetch(self, progress: Progress, cache: Cache | None = None) -> Path:
        """Return the program; build it unless it is in the cache.

        Raises:
            ToolMissingError: no Go, a module that cannot be had, a failed build.
        """
        return self._module.fetch(cache or default_cache(), progress) / self.name

    @property
    def _module(self) -> GoModule:
        return GoModule(_BUILD / self.name, self.package, self.cost, _TIMEOUT_S)


KSTATUS = GoTool("kstatus", ".", "once; half a minute at most")
HELM = GoTool("helm")
KUBE_SCORE = GoTool("kube-score")
GO_TOOLS = (KSTATUS, HELM, KUBE_SCORE)
