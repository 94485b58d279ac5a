"""The look at the streams, as the agent's process holds it: when the load of a worker is over."""

import contextlib
import json
from asyncio.subprocess import Process

from njst.contract.plan import AuditPlan, LoadPlan, Receipt
from njst.contract.result import ErrorClass, Outcome, WorkloadTally
from njst.load.spawn import spawn
from njst.measure.readback import unchecked_tally

STOPPED = "Stopped"


class Auditor:
    """Runs `njst.load.readback`, unless looking would prove nothing or nobody waits for it."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._is_stopped = False

    async def audit(
        self, plan: LoadPlan, receipts: list[Receipt], outcome: Outcome
    ) -> list[WorkloadTally]:
        """Return what became of all that the receipts name."""
        sound = [receipt for receipt in receipts if not receipt.read_back.obstacle]
        found = [
            unchecked_tally(receipt, receipt.read_back.obstacle)
            for receipt in receipts
            if receipt.read_back.obstacle
        ]
        if outcome is Outcome.STOPPED or self._is_stopped:
            return [*found, *(unchecked_tally(receipt, STOPPED) for receipt in sound)]
        if any(receipt.sent for receipt in sound):
            found += await self._look(plan, sound)
        return found

    async def _look(self, plan: LoadPlan, receipts: list[Receipt]) -> list[WorkloadTally]:
        wanted = AuditPlan(job=plan.job, connection=plan.connection, receipts=receipts)
        process = self._process = await spawn("njst.load.readback")
        assert process.stdin is not None
        assert process.stdout is not None
        if self._is_stopped:
            self.stop()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(wanted.model_dump_json().encode() + b"\n")
        line = await process.stdout.readline()
        process.stdin.close()
        await process.wait()
        if not line.endswith(b"\n"):
            reason = STOPPED if self._is_stopped else ErrorClass.PROCESS_DIED
            return [unchecked_tally(receipt, reason) for receipt in receipts]
        return [WorkloadTally.model_validate(tally) for tally in json.loads(line)["tallies"]]

    def stop(self) -> None:
        """Look no longer, and never again."""
        self._is_stopped = True
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
