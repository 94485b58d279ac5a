"""A load process: `python -m njst.load.runtime.load_process`, spoken to in JSON lines.

In:  the plan; then {"startNs": n, "logOffsetNs": n}, a CLOCK_MONOTONIC instant and what leads from
     there to the log's time; {"begin": "read", "atNs": n} for a workload that waits for others;
     {"alive": true} each second; then, if need be, {"stop": true}.
Out: {"connected": true} or {"problem": {...}}; {"window": {...}} for each second that is over, and
     {"tallies": [...], "cost": {...}} each second and at the end; {"done": "write"} when a
     workload's last client is; {"found": ["host:port"]}, the servers that the cluster named;
     {"receipt": {...}} for each producer; {"consumption": {...}} for each producer whose messages
     were consumed; {"finished": "Completed" | "Stopped", "problem": {...}}.
The end of the input ends the process: it never outlives its parent. When the parent is silent for
long, it or its host is frozen and could not stop this load, so the load stops by itself.
"""

import gc
import json
import os
import sys
from typing import Any

from njst.contract.plan import LoadPlan
from njst.contract.results.outcome import Outcome, Problem
from njst.load.host.clock import now_ns, wait_until
from njst.load.host.cost_meter import CostMeter
from njst.load.host.open_files import raise_limit, shortage
from njst.load.load_client import StartTime
from njst.load.net.dial import ConnectError
from njst.load.runtime.engine import Engine, Hooks

# Other workers suspect a worker that is silent for this long.
PARENT_SILENT_NS = 6_000_000_000
_PARENT_SILENT = Problem(
    reason="WorkerSilent",
    message=f"its load stopped by itself: the worker was silent for {PARENT_SILENT_NS // 10**9} s",
)


class _Control:
    """The parent's lines, read without ever blocking the load."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._buffer = b""
        self._lines: list[bytes] = []

    def wait(self) -> dict[str, Any]:
        """Return the next line.

        Raises:
            EOFError: the parent is gone.
        """
        while not self._lines:
            self._read()
        line: dict[str, Any] = json.loads(self._lines.pop(0))
        return line

    def ready(self) -> list[dict[str, Any]]:
        """Return the lines that have arrived; called when the descriptor is readable.

        Raises:
            EOFError: the parent is gone.
        """
        self._read()
        return self.left()

    def left(self) -> list[dict[str, Any]]:
        """Return the lines that were read together with one before."""
        lines, self._lines = self._lines, []
        return [json.loads(line) for line in lines]

    def _read(self) -> None:
        chunk = os.read(self.descriptor, 65_536)
        if not chunk:
            raise EOFError
        *lines, self._buffer = (self._buffer + chunk).split(b"\n")
        self._lines += lines


def _say(document: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(document, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run one plan."""
    # Before the plan comes: a process that waits for its job has this behind it.
    LoadPlan.model_rebuild()
    control = _Control(sys.stdin.fileno())
    try:
        plan = LoadPlan.model_validate(control.wait())
        problem = shortage(len(plan.clients), raise_limit())
        if problem is not None:
            _say({"problem": problem.model_dump()})
            return
        engine = Engine(plan)
        try:
            engine.connect()
        except ConnectError as error:
            _say({"problem": {"reason": error.reason, "message": str(error)}})
            return
        _say({"connected": True})
        _run(engine, control)
    except (EOFError, BrokenPipeError):
        pass  # the parent is gone
    # All is written. Finalising the interpreter would cost a fifth of its start.
    os._exit(0)


def _run(engine: Engine, control: _Control) -> None:
    command = control.wait()
    start = StartTime(int(command.get("startNs", 0)), int(command.get("logOffsetNs", 0)))
    run = _Run(engine, control, start)
    if not command.get("stop"):
        run.load()
    else:
        run.stopped = True
    run.conclude()


class _Run:
    """A load from its start to its last line."""

    def __init__(self, engine: Engine, control: _Control, start: StartTime) -> None:
        self._engine = engine
        self._control = control
        self._start = start
        self._meter = CostMeter(now_ns())
        self._heard_ns = 0
        self._problem: Problem | None = None
        self.stopped = False

    def load(self) -> None:
        """Return when all is done or stopped."""
        # Frames and numbers make no reference cycles: the collector would only add pauses.
        gc.freeze()
        gc.disable()
        wait_until(self._start.at_ns)
        self._meter = CostMeter(self._start.at_ns)
        self._obey(self._control.left())
        hooks = Hooks(
            on_control=lambda: self._obey(self._control.ready()),
            on_second=self._each_second,
            on_done=lambda workload: _say({"done": workload}),
        )
        self._engine.run(self._start, self._control.descriptor, hooks)

    def _obey(self, lines: list[dict[str, Any]]) -> None:
        self._heard_ns = now_ns()
        for line in lines:
            if "begin" in line:
                begin = StartTime(int(line["atNs"]), self._start.log_offset_ns)
                self._engine.begin(line["begin"], begin)
            elif line.get("stop"):
                self._stop()

    def _stop(self) -> None:
        self.stopped = True
        self._engine.stop()

    def _each_second(self) -> None:
        if not self.stopped and now_ns() - self._heard_ns > PARENT_SILENT_NS:
            self._problem = _PARENT_SILENT
            self._stop()
        self._report()

    def _report(self, *, series: bool = False) -> None:
        for window in self._engine.take_windows():
            _say({"window": window.model_dump(exclude_defaults=True)})
        tallies = [t.model_dump(exclude_none=True) for t in self._engine.tallies(series=series)]
        cost = self._meter.cost(self._engine.blocked_ns())
        _say({"tallies": tallies, "cost": cost.model_dump()})

    def conclude(self) -> None:
        """Write the last tallies, and how the load ended."""
        self._report(series=True)
        _say({"found": self._engine.found()})
        # One for each line, whose length is limited.
        for receipt in self._engine.receipts():
            _say({"receipt": receipt.model_dump(mode="json")})
        for consumption in self._engine.consumption():
            _say({"consumption": consumption.model_dump(mode="json")})
        outcome = Outcome.STOPPED if self.stopped else Outcome.COMPLETED
        end: dict[str, object] = {"finished": outcome}
        if self._problem is not None:
            end["problem"] = self._problem.model_dump()
        _say(end)


if __name__ == "__main__":
    main()
